import assert from "node:assert/strict";
import { AstrocyteError } from "../core/errors.ts";
import type {
  Binding,
  OpenedSession,
  PresentationAdapter,
  PresentationEvent,
  SessionCommand,
  SessionHandle,
  VendorBriefing,
  VendorPersona,
  VendorResource,
  VendorTool,
  WebhookRequest,
} from "../presentation/adapter.ts";

/** An adapter beside the vendor it talks to, simulated, both fresh. */
export type AdapterHarness = {
  adapter: PresentationAdapter;
  /** Fits the vendor. */
  persona: VendorPersona;
  /** Each breaks one rule of the vendor's. */
  unfit: VendorPersona[];
  briefing: VendorBriefing;
  /** What the adapter was configured with and nobody else may see. */
  secrets: string[];
  /** What the composer would hand over; each call for another session. */
  binding(onResource: Binding["onResource"]): Binding;
  vendor: SimulatedVendor;
  destroy(): Promise<void>;
};

/** What the cases need to see and do at the vendor. */
export type SimulatedVendor = {
  /** Sessions that run, and cost, now. */
  running(): number;
  /** Sessions that were ever opened. */
  billed(): number;
  /** What sessions made and has to go with them: agents, prompts, tools. */
  left(): number;
  /** The vendor refuses to open the next session, after everything before that went well. Absent where none can. */
  refuseNext?(): void;
  /** The vendor opens the next session, but its answer gets lost. Absent where opening is no call. */
  loseNext?(): void;
  /** The session ends without us. */
  endSession(vendorSessionId: string): Promise<void>;
  /**
   * A person joins, says `words` and leaves; the session ends. Resolves with the callbacks once the vendor's
   * record is complete. Absent for a vendor without transcripts of its own.
   */
  call?(opened: OpenedSession, words: string): Promise<Array<Omit<WebhookRequest, "session">>>;
};

type Case = { name: string; run(): Promise<void> };

/**
 * What every presentation adapter must do, for any test runner. What it declares is exercised; what it does
 * not declare must be absent, or refused before anything is billed.
 */
export function adapterContract(make: () => Promise<AdapterHarness>): Case[] {
  return Object.entries(CASES).map(([name, body]) => ({
    name,
    async run() {
      const harness = await make();
      try {
        await body(harness);
      } finally {
        await harness.destroy();
      }
    },
  }));
}

const WORDS = "My sister is called Miriam.";

const CASES: Record<string, (harness: AdapterHarness) => Promise<void>> = {
  async "has what it declares, and no more"({ adapter }) {
    const { capabilities } = adapter;
    const { say, respond, interrupt, appendContext, tools, transcript, webhooks } = capabilities;
    const sides = [say, respond, interrupt, appendContext];
    const expected = {
      command: sides.includes("server"),
      clientInstruction: sides.includes("client"),
      parseToolRequest: tools === "server" || tools === "both",
      parseWebhook: webhooks !== "none",
      fetchTranscript: transcript.includes("pull"),
      parseClientEvent: transcript.includes("client-events"),
    };
    for (const [name, declared] of Object.entries(expected)) {
      assert.equal(name in adapter && adapter[name as keyof typeof adapter] !== undefined, declared, name);
    }
  },

  async "turns each command it declares into a message the room can carry, and refuses the others"(harness) {
    const { adapter } = harness;
    const session = handle((await open(harness)).opened);
    for (const [command, side] of commandsOf(adapter)) {
      if (side === "server" || !adapter.clientInstruction) continue;
      const instruct = () => adapter.clientInstruction!(session, command);
      if (side === "none") {
        assert.throws(instruct, is("not_supported"));
        continue;
      }
      const wire = JSON.stringify(instruct());
      if ("text" in command) assert.match(wire, /Good evening/);
      const max = adapter.capabilities.maxMessageBytes;
      if (max !== undefined && "text" in command) {
        const long = { ...command, text: "ä".repeat(max) };
        assert.throws(() => adapter.clientInstruction!(session, long), is("payload_too_large"));
      }
    }
  },

  async "fits a tool's result into one message, whatever its length"(harness) {
    const { adapter } = harness;
    if (!adapter.toolResultInstruction) return;
    const session = handle((await open(harness)).opened);
    const max = adapter.capabilities.maxMessageBytes ?? Number.POSITIVE_INFINITY;
    for (const output of ["Booked.", '✓ "quoted"\n'.repeat(5_000), "𝒜".repeat(9_999)]) {
      const result = {
        toolCallId: "call_1",
        name: "book",
        status: "success",
        result: "speak",
        output,
      } as const;
      const wire = JSON.stringify(adapter.toolResultInstruction(session, result));
      assert.ok(Buffer.byteLength(wire) <= max);
      assert.match(wire, /call_1/);
      assert.ok(wire.isWellFormed() && !wire.includes("\\ud83"), "no half characters");
    }
  },

  async "accepts a persona that fits and names what others lack, without asking the vendor to open"(harness) {
    const { adapter, persona, unfit, vendor } = harness;
    assert.deepEqual(adapter.validate(persona), []);
    for (const bad of [...unfit, ...withToolsItLacks(harness)]) {
      assert.notDeepEqual(adapter.validate(bad), [], JSON.stringify(bad.vendor));
    }
    assert.deepEqual([vendor.billed(), vendor.left()], [0, 0]);
  },

  async "gives the page a way in, and nothing that is not the page's"(harness) {
    const { opened, binding } = await open(harness);
    const { join } = opened;
    assert.ok(join.kind !== "" && URL.canParse(join.url) && opened.vendorSessionId !== "");
    assertNoSecret(harness, binding, JSON.stringify(join));
    assert.ok(!JSON.stringify(join).includes(harness.briefing.text));
    assert.equal(harness.vendor.running(), 1);
  },

  async "opens nothing billed while a resource is not yet recorded"(harness) {
    const { vendor } = harness;
    const billedMeanwhile: number[] = [];
    const { opened, recorded } = await open(harness, async () => {
      const before = vendor.billed();
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      billedMeanwhile.push(vendor.billed() - before);
    });
    assert.ok(billedMeanwhile.every((count) => count === 0));
    assert.deepEqual(sorted(recorded), sorted(opened.resources));
  },

  async "leaves nothing when a resource cannot be recorded"(harness) {
    const { recorded } = await open(harness);
    for (let failing = 1; failing <= recorded.length; failing++) {
      const before = counts(harness);
      let count = 0;
      const record = async () => {
        if (++count === failing) throw new Error("the disk is full");
      };
      await assert.rejects(open(harness, record));
      assert.deepEqual(counts(harness), before, `resource ${failing}`);
    }
  },

  async "leaves nothing when the vendor refuses, and tells no secret"(harness) {
    if (!harness.vendor.refuseNext) return;
    harness.vendor.refuseNext();
    const { error, binding } = await failToOpen(harness);
    assert.match(error.code, /^vendor_/);
    assertNoSecret(harness, binding, tellAll(error));
    assert.deepEqual(counts(harness), { running: 0, left: 0 });
  },

  async "leaves nothing when the answer gets lost, and does not try again"(harness) {
    if (!harness.vendor.loseNext) return;
    harness.vendor.loseNext();
    const { error, binding } = await failToOpen(harness);
    assertNoSecret(harness, binding, tellAll(error));
    assert.equal(harness.vendor.billed(), 1);
    assert.deepEqual(counts(harness), { running: 0, left: 0 });
  },

  async "ends once or many times, also what is over or was never there"(harness) {
    const { adapter, vendor } = harness;
    const first = handle((await open(harness)).opened);
    await adapter.end(first, "test");
    await adapter.end(first, "test");
    assert.equal(vendor.running(), 0);
    const second = handle((await open(harness)).opened);
    await vendor.endSession(second.vendorSessionId);
    await adapter.end(second, "test");
    await adapter.end({ ...first, vendorSessionId: "c0ffee00unknown" }, "test");
    await Promise.all([adapter.end(first, "test"), adapter.end(second, "test")]);
    assert.equal(vendor.running(), 0);
  },

  async "releases once or many times, and by the record alone"(harness) {
    const { adapter } = harness;
    const { opened, recorded } = await open(harness);
    await adapter.end(handle(opened), "test");
    await adapter.release(recorded);
    await adapter.release(opened.resources);
    await adapter.release([]);
    assert.deepEqual(counts(harness), { running: 0, left: 0 });
  },

  async "is found by its marker when a crash forgot it"(harness) {
    const { adapter } = harness;
    if (!adapter.listOpen) return;
    const { opened, binding, recorded } = await open(harness);
    const other = await open(harness);
    const found = (await adapter.listOpen()).filter(({ marker }) => marker.includes(binding.marker));
    assert.deepEqual(
      found.map((each) => each.vendorSessionId),
      [opened.vendorSessionId],
    );
    assert.ok(Number.isInteger(found[0]!.createdAt));
    await adapter.end({ ...handle(opened), resources: recorded }, "orphan");
    const rest = (await adapter.listOpen()).map((each) => each.vendorSessionId);
    assert.deepEqual(rest, [other.opened.vendorSessionId]);
  },

  async "knows whether a session runs"(harness) {
    const { adapter, vendor } = harness;
    if (!adapter.isOpen) return;
    const session = handle((await open(harness)).opened);
    const before = await adapter.isOpen(session);
    await vendor.endSession(session.vendorSessionId);
    // A vendor that cannot tell says so, both times.
    if (before === undefined) assert.equal(await adapter.isOpen(session), undefined);
    else assert.deepEqual([before, await adapter.isOpen(session)], [true, false]);
  },

  async "reads callbacks alike in any order, any number of times, for their session alone"(harness) {
    const { adapter, vendor } = harness;
    if (!adapter.parseWebhook || !vendor.call) return;
    const { opened } = await open(harness);
    const session = handle(opened);
    const requests = await vendor.call(opened, WORDS);
    const read = (list: typeof requests) =>
      Promise.all(list.map((request) => adapter.parseWebhook!({ ...request, session })));
    const events = await read(requests);
    assert.deepEqual((await read(requests.toReversed())).toReversed(), events);
    assert.ok(events.flat().some((event) => event.type === "ended"));
    if (adapter.capabilities.transcript.includes("webhook"))
      assert.ok(wordsOf(events.flat()).includes(WORDS));

    const stranger = { ...session, vendorSessionId: "c0ffee00unknown" };
    const request = requests[0]!;
    await assert.rejects(adapter.parseWebhook({ ...request, session: stranger }), is("unauthenticated"));
    for (const junk of ["", "no json", "[1]", "null", '{"a":']) {
      const body = new TextEncoder().encode(junk);
      const refused = adapter.parseWebhook({ ...request, body, session });
      await assert.rejects(refused, (error) => is("unauthenticated")(error) || is("invalid_input")(error));
    }
  },

  async "gives the transcript in our terms, with the same keys each time"(harness) {
    const { adapter, vendor } = harness;
    if (!adapter.fetchTranscript || !vendor.call) return;
    const { opened } = await open(harness);
    const session = handle(opened);
    assert.equal((await adapter.fetchTranscript(session)).complete, false);
    const requests = await vendor.call(opened, WORDS);
    const { turns, complete } = await adapter.fetchTranscript(session);
    assert.equal(complete, true);
    assert.ok(turns.some((turn) => turn.role === "user" && turn.text === WORDS));
    assert.equal(new Set(turns.map((turn) => turn.key)).size, turns.length);
    for (const { role, at } of turns) {
      assert.ok(["user", "agent", "system", "tool"].includes(role));
      assert.ok(at === undefined || (Number.isInteger(at) && at > Date.parse("2020-01-01")));
    }
    assert.deepEqual(await adapter.fetchTranscript(session), { turns, complete });
    if (!adapter.parseWebhook || !adapter.capabilities.transcript.includes("webhook")) return;
    const told = await Promise.all(requests.map((request) => adapter.parseWebhook!({ ...request, session })));
    const pushed = told.flat().flatMap((event) => (event.type === "transcript" ? event.turns : []));
    assert.deepEqual(
      pushed.map((turn) => turn.key),
      turns.map((turn) => turn.key),
    );
  },
};

async function open(harness: AdapterHarness, record: Binding["onResource"] = async () => {}) {
  const recorded: VendorResource[] = [];
  const binding = harness.binding(async (resource) => {
    recorded.push(resource);
    await record(resource);
  });
  const opened = await harness.adapter.open(harness.briefing, harness.persona, binding);
  return { opened, binding, recorded };
}

async function failToOpen(harness: AdapterHarness): Promise<{ error: AstrocyteError; binding: Binding }> {
  const binding = harness.binding(async () => {});
  try {
    await harness.adapter.open(harness.briefing, harness.persona, binding);
  } catch (error) {
    assert.ok(AstrocyteError.is(error), String(error));
    return { error, binding };
  }
  throw new assert.AssertionError({ message: "open succeeded" });
}

function counts({ vendor }: AdapterHarness) {
  return { running: vendor.running(), left: vendor.left() };
}

function handle({ vendorSessionId, resources }: OpenedSession): SessionHandle {
  return { sessionId: "ses_contract", vendorSessionId, resources };
}

function commandsOf({ capabilities }: PresentationAdapter): Array<[SessionCommand, string]> {
  const text = "Good evening.";
  return [
    [{ kind: "say", text }, capabilities.say],
    [{ kind: "respond", text }, capabilities.respond],
    [{ kind: "interrupt" }, capabilities.interrupt],
    [{ kind: "append_context", text }, capabilities.appendContext],
  ];
}

/** Personas with a tool that would be delivered in a way that the vendor does not have. */
function withToolsItLacks({ adapter, persona }: AdapterHarness): VendorPersona[] {
  const { tools } = adapter.capabilities;
  const lacking = (["client", "server"] as const).filter((side) => tools !== "both" && tools !== side);
  return lacking.map((delivery) => ({ ...persona, tools: [{ ...TOOL, delivery }] }));
}

const TOOL: VendorTool = {
  name: "look_up",
  description: "Looks something up.",
  parameters: { type: "object", properties: {} },
  result: "speak",
  delivery: "client",
};

function assertNoSecret({ secrets }: AdapterHarness, binding: Binding, text: string): void {
  const { brain, tools, callbackUrl } = binding;
  const callbackSecret = new URL(callbackUrl).pathname.split("/").at(-1)!;
  for (const secret of [...secrets, brain.apiKey, brain.contextToken, tools.secret, callbackSecret]) {
    assert.ok(!text.includes(secret), "a secret shows");
  }
}

/** Everything that a log of this error could hold. */
function tellAll(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = "details" in error ? JSON.stringify(error.details) : "";
  return [error.message, error.stack, details, error.cause ? tellAll(error.cause) : ""].join("\n");
}

function wordsOf(events: PresentationEvent[]): string[] {
  return events.flatMap((event) => (event.type === "transcript" ? event.turns.map((turn) => turn.text) : []));
}

function sorted(resources: VendorResource[]): string[] {
  return resources.map(({ kind, id }) => `${kind} ${id}`).sort();
}

function is(code: Parameters<typeof AstrocyteError.is>[1]) {
  return (error: unknown) => AstrocyteError.is(error, code);
}

import assert from "node:assert/strict";
import { AstrocyteError } from "../../core/errors.ts";
import type {
  Binding,
  CallbackRequest,
  OpenedSession,
  PresentationAdapter,
  PresentationEvent,
  SessionCommand,
  SessionHandle,
  VendorBriefing,
  VendorPersona,
  VendorResource,
  VendorTool,
} from "../../presentation/adapter.ts";

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
  /** Of a binding, what the page holds on purpose: it opens nothing without another key. Absent where there is none. */
  forPage?(binding: Binding): string[];
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
  /**
   * What no call of ours ends is over: its page has left, as we told it to, or the vendor's own timeout has passed.
   * One session, or all. Absent where our calls end everything.
   */
  expire?(vendorSessionId?: string): Promise<void>;
  /** The session ends without us. */
  endSession(vendorSessionId: string): Promise<void>;
  /**
   * A person joins, says `words` and leaves; the session ends. Resolves with the callbacks once the vendor's
   * record is complete. Absent for a vendor without transcripts of its own.
   */
  call?(opened: OpenedSession, words: string): Promise<CallbackRequest[]>;
  /** A telephone rings: what the vendor asks us about the call. Absent where no calls come in. */
  ring?(): CallbackRequest;
};

export type Cases = Record<string, (harness: AdapterHarness) => Promise<void>>;

export async function open(harness: AdapterHarness, record: Binding["onResource"] = async () => {}) {
  const recorded: VendorResource[] = [];
  const binding = harness.binding(async (resource) => {
    recorded.push(resource);
    await record(resource);
  });
  const opened = await harness.adapter.open(harness.briefing, harness.persona, binding);
  return { opened, binding, recorded };
}

export async function failToOpen(
  harness: AdapterHarness,
): Promise<{ error: AstrocyteError; binding: Binding }> {
  const binding = harness.binding(async () => {});
  try {
    await harness.adapter.open(harness.briefing, harness.persona, binding);
  } catch (error) {
    assert.ok(AstrocyteError.is(error), String(error));
    return { error, binding };
  }
  throw new assert.AssertionError({ message: "open succeeded" });
}

export function counts({ vendor }: AdapterHarness) {
  return { running: vendor.running(), left: vendor.left() };
}

export function handle({ vendorSessionId, resources }: OpenedSession): SessionHandle {
  return { sessionId: "ses_contract", vendorSessionId, resources };
}

/** Ends as far as our server can: where only the room ends a session, its page leaves too. */
export async function end({ adapter, vendor }: AdapterHarness, session: SessionHandle): Promise<void> {
  await adapter.end(session, "test");
  if (adapter.capabilities.stop !== "server") await vendor.expire?.(session.vendorSessionId);
}

export function commandsOf({ capabilities }: PresentationAdapter): Array<[SessionCommand, string]> {
  const text = "Good evening.";
  return [
    [{ kind: "say", text }, capabilities.say],
    [{ kind: "respond", text }, capabilities.respond],
    [{ kind: "interrupt" }, capabilities.interrupt],
    [{ kind: "append_context", text }, capabilities.appendContext],
  ];
}

/** Personas with a tool that would be delivered in a way that the vendor does not have. */
export function withToolsItLacks({ adapter, persona }: AdapterHarness): VendorPersona[] {
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

export function assertNoSecret({ secrets }: AdapterHarness, binding: Binding, text: string): void {
  const { brain, tools, callbackUrl, socketUrl } = binding;
  const addresses = [callbackUrl, socketUrl].map((url) => new URL(url).pathname.split("/").at(-1)!);
  for (const secret of [...secrets, brain.apiKey, brain.contextToken, tools.secret, ...addresses]) {
    assert.ok(!text.includes(secret), "a secret shows");
  }
}

/** Everything that a log of this error could hold. */
export function tellAll(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = "details" in error ? JSON.stringify(error.details) : "";
  return [error.message, error.stack, details, error.cause ? tellAll(error.cause) : ""].join("\n");
}

export function wordsOf(events: PresentationEvent[]): string[] {
  return events.flatMap((event) => (event.type === "transcript" ? event.turns.map((turn) => turn.text) : []));
}

export function sorted(resources: VendorResource[]): string[] {
  return resources.map(({ kind, id }) => `${kind} ${id}`).sort();
}

export function is(code: Parameters<typeof AstrocyteError.is>[1]) {
  return (error: unknown) => AstrocyteError.is(error, code);
}

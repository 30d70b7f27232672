import assert from "node:assert/strict";
import type { SessionHandle } from "../../presentation/adapter.ts";
import { type AdapterHarness, type Cases, commandsOf, handle, is, open, wordsOf } from "./harness.ts";

const WORDS = "My sister is called Miriam.";

/** Commands, tools, callbacks and transcripts. */
export const talkingCases: Cases = {
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
    const { turns, complete } = await recordOf(harness, session);
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

/** An export is a job, begun by the end of the call and asked for until it is done; any other record is there. */
async function recordOf({ adapter }: AdapterHarness, session: SessionHandle) {
  if (!adapter.capabilities.transcript.includes("export")) return adapter.fetchTranscript!(session);
  await adapter.end(session, "test");
  let record = await adapter.fetchTranscript!(session);
  for (let asked = 1; !record.complete && asked < 5; asked++)
    record = await adapter.fetchTranscript!(session);
  return record;
}

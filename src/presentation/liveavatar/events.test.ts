import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { BRIEFING } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { SessionHandle } from "../adapter.ts";
import type { Row } from "../read.ts";
import { commandMessage } from "./commands.ts";
import { parseClientEvent, reasonOf, stopReason } from "./events.ts";
import contract from "./fixtures/contract.json" with { type: "json" };
import { bindingFor, liveavatarHarness, PERSONA } from "./harness.fixture.ts";
import { readPage } from "./transcript.ts";

const SESSION: SessionHandle = { sessionId: "ses_1", vendorSessionId: "la-1", resources: [] };

function packet(event: Row, topic = "agent-response"): Row {
  return { topic, payload: { event_id: "e1", session_id: "la-1", source_event_id: null, ...event } };
}

test("the room's words become turns, its end our reason; what passes by is nothing", () => {
  const read = (event: Row) => parseClientEvent(packet(event), SESSION);
  assert.deepEqual(read({ event_type: "user.transcription", text: " I ran. " }), [
    { type: "turn", turn: { key: "user:event:e1", role: "user", text: "I ran." } },
  ]);
  assert.deepEqual(read({ event_type: "avatar.transcription", text: "Good." }), [
    { type: "turn", turn: { key: "agent:event:e1", role: "agent", text: "Good." } },
  ]);
  for (const field of ["stop_reason", "end_reason"]) {
    assert.deepEqual(read({ event_type: "session.stopped", [field]: "NO_CREDITS" }), [
      { type: "ended", reason: "vendor_credits" },
    ]);
  }
  assert.deepEqual(read({ event_type: "session.state_updated", state: "connected" }), [
    {
      type: "other",
      name: "session.state_updated",
      facts: { event_id: "e1", source_event_id: null, state: "connected" },
    },
  ]);
  for (const type of contract.events.filter((name) => /speak_|chunk/.test(name)))
    assert.deepEqual(read({ event_type: type, text: "half a" }), []);
});

test("another session's packet, another topic and junk yield nothing; a page's report of presence does", () => {
  const event = { event_type: "user.transcription", text: "Forged." };
  const junk: Row[] = [
    packet({ ...event, session_id: "la-2" }),
    packet(event, "agent-control"),
    packet({ event_type: "user.transcription" }),
    packet({ event_type: "user.transcription", text: { toString: "x" } }),
    packet({}),
    { topic: "agent-response", payload: "text" },
    { payload: null },
    {},
  ];
  for (const message of junk)
    assert.deepEqual(parseClientEvent(message, SESSION), [], JSON.stringify(message));
  const report = { topic: "astrocyte.presence", payload: { what: "joined" } };
  assert.deepEqual(parseClientEvent(report, SESSION), [{ type: "joined", who: "person" }]);
});

test("commands are the SDK's packets", () => {
  const said = commandMessage(SESSION, { kind: "say", text: "Good evening." });
  const asked = commandMessage(SESSION, { kind: "respond", text: "How are you?" });
  const cut = commandMessage(SESSION, { kind: "interrupt" });
  for (const [message, type] of [
    [said, "avatar.speak_text"],
    [asked, "avatar.speak_response"],
    [cut, "avatar.interrupt"],
  ] as const) {
    const payload = message["payload"] as Row;
    assert.equal(message["topic"], contract.topics.send);
    assert.equal(payload["event_type"], type);
    assert.deepEqual(Object.keys(payload).sort(), contract.commands[type]);
  }
  const context = () => commandMessage(SESSION, { kind: "append_context", text: "The cart is empty." });
  assert.throws(context, (error) => AstrocyteError.is(error, "not_supported"));
});

test("reasons go both ways, and only LiveAvatar's own are sent", () => {
  for (const reason of [
    "max_duration",
    "nobody_came",
    "everybody_left",
    "orphan",
    "drain",
    "client",
    "constructor",
  ])
    assert.ok(contract.session_end_reason.includes(stopReason(reason)), reason);
  assert.deepEqual(
    contract.session_end_reason.map((reason) => reasonOf(reason)),
    [
      "ended_at_vendor",
      "everybody_left",
      "vendor_failed",
      "vendor_idle_timeout",
      "vendor_credits",
      "ended_at_vendor",
      "vendor_avatar_deleted",
      "max_duration",
      "vendor_zombie_session_reap",
      "vendor_agent_hang_up",
    ],
  );
  assert.equal(reasonOf(undefined), "ended_at_vendor");
  assert.equal(reasonOf("a b<c>"), "vendor_a_b_c_");
});

test("the transcript is read over its pages to the end, in milliseconds or seconds, with keys that stay", async () => {
  for (const timestamps of ["ms", "s"] as const) {
    const clock = new FakeClock();
    await using harness = await liveavatarHarness({}, { clock, switches: { timestamps, transcriptPage: 3 } });
    const { adapter, simulator } = harness;
    const opened = await adapter.open(BRIEFING, PERSONA, bindingFor());
    const session = { sessionId: "s", vendorSessionId: opened.vendorSessionId, resources: [] };
    const person = await simulator.room(opened.vendorSessionId).join(opened.join.token!);
    for (const words of ["One.", "Two.", "Three.", "Four.", "Five."]) {
      await clock.advance(2_000);
      person.say(words);
      await person.next(({ event_type, text }) => event_type === "user.transcription" && text === words);
      await simulator.idle();
    }
    const during = await adapter.fetchTranscript!(session);
    assert.equal(during.complete, false);
    await adapter.end(session, "client");
    const after = await adapter.fetchTranscript!(session);
    assert.deepEqual(after, { turns: during.turns, complete: true });
    assert.deepEqual(
      after.turns.map(({ text }) => text),
      [BRIEFING.greeting, "One.", "Two.", "Three.", "Four.", "Five."],
    );
    const times = after.turns.map(({ at }) => at!);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.ok(Math.abs(times.at(-1)! - clock.now()) < 2_000, String(times));
  }
  const unknown = { sessionId: "s", vendorSessionId: "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a", resources: [] };
  await using harness = await liveavatarHarness();
  assert.deepEqual(await harness.adapter.fetchTranscript!(unknown), { turns: [], complete: true });
});

test("rows without a time, without words or of an unknown role are read as far as they go", () => {
  const page = readPage({
    session_active: true,
    next_timestamp: "soon",
    transcript_data: [
      { role: "avatar", transcript: "Hi.", relative_timestamp: 4 },
      { role: "user", transcript: "  " },
      { role: "assistant", transcript: "Yes.", absolute_timestamp: 1_750_000_000 },
      "junk",
    ],
  });
  assert.equal(page.next, undefined);
  assert.deepEqual(
    page.turns.map(({ role, text, at }) => [role, text, at]),
    [
      ["agent", "Hi.", undefined],
      ["agent", "Yes.", 1_750_000_000_000],
    ],
  );
});

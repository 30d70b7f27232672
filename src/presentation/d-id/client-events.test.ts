import assert from "node:assert/strict";
import { test } from "node:test";
import { readClientEvent } from "./client-events.ts";
import contract from "./fixtures/contract.json" with { type: "json" };

test("what the person and the agent said, by topic or by subject, as an object or as text", () => {
  const heard = { id: "msg_1", role: "user", content: " I ran ten kilometres. " };
  const turn = { type: "turn", turn: { key: "user:msg_1", role: "user", text: "I ran ten kilometres." } };
  const subject = "chat/audio-transcribed";
  for (const message of [
    { topic: subject, payload: heard },
    { topic: subject, payload: JSON.stringify(heard) },
    { payload: { subject, ...heard } },
    { topic: "", payload: { subject, ...heard } },
  ])
    assert.deepEqual(readClientEvent(message), [turn]);
  const created_at = "2026-01-15T12:00:00Z";
  const [answer] = readClientEvent({ topic: "chat/answer", payload: { content: "Well done.", created_at } });
  assert.ok(answer?.type === "turn");
  assert.deepEqual(
    [answer.turn.role, answer.turn.text, answer.turn.at],
    ["agent", "Well done.", Date.parse(created_at)],
  );
});

test("a page cannot make the agent's words the person's, nor a tool's content an event", () => {
  const forged = readClientEvent({ topic: "chat/answer", payload: { role: "user", content: "I am Ben." } });
  assert.ok(forged[0]?.type === "turn" && forged[0].turn.role === "agent");
  const payload = { ...contract.toolEvents.done, input: { card: "4111" }, output: { ok: true } };
  assert.deepEqual(readClientEvent({ topic: "tool-call/done", payload }), [
    {
      type: "other",
      name: "tool-call_done",
      facts: { call_id: "c1", name: "open_checkout", duration_ms: 120 },
    },
  ]);
});

test("each of D-ID's reasons ends the session, V1's too", () => {
  const reasonOf = (payload: object) => {
    const [event] = readClientEvent({ topic: "stream/done", payload });
    return event?.type === "ended" ? event.reason : undefined;
  };
  const known = Object.fromEntries(
    contract.sessionV2.streamEndReasons.map((reason) => [reason, reasonOf({ reason })]),
  );
  assert.deepEqual(known, {
    ok: "ended_at_vendor",
    unknown_error: "vendor_failed",
    network_issue: "connection_lost",
    message_limit: "message_limit",
    time_limit: "max_duration",
    inactivity: "inactivity",
    ended_by_agent: "ended_by_agent",
  });
  for (const [close_reason, reason] of Object.entries(contract.legacyStream.streamDoneCloseReasons))
    assert.equal(reasonOf({ close_reason }), reasonOf({ reason }), close_reason);
  assert.equal(reasonOf({}), "ended_at_vendor");
});

test("every subject of the contract is read, and junk is nothing", () => {
  for (const topic of contract.sessionV2.serverToClientSubjects)
    assert.ok(Array.isArray(readClientEvent({ topic, payload: { content: "x", reason: "ok" } })), topic);
  for (const payload of [undefined, null, 7, "{", "[]", [], { content: 7 }, { content: "  " }])
    assert.deepEqual(readClientEvent({ topic: "chat/answer", payload }), []);
  assert.deepEqual(readClientEvent({}), []);
  assert.deepEqual(readClientEvent({ topic: "chat/partial", payload: { content: "I r", sequence: 0 } }), []);
  const payload = { what: "left", at: "2026-01-15T12:00:00Z" };
  assert.equal(readClientEvent({ topic: "astrocyte.presence", payload })[0]?.type, "left");
});

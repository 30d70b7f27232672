import assert from "node:assert/strict";
import { test } from "node:test";
import type { PresentationEvent } from "../adapter.ts";
import { readClientEvent } from "./client-events.ts";

const agent = (agent_response: string, event_id: number) => ({
  type: "agent_response",
  agent_response_event: { agent_response, event_id },
});
const turnOf = ([event]: PresentationEvent[]) => {
  assert.ok(event?.type === "turn");
  return event.turn;
};

test("words of both sides are turns; a correction is the same turn with what was heard", () => {
  const said = turnOf(readClientEvent(agent("There are seven pairs.", 4)));
  assert.deepEqual([said.role, said.text], ["agent", "There are seven pairs."]);
  const agent_response_correction_event = {
    original_agent_response: "There are seven pairs.",
    corrected_agent_response: "There are...",
    event_id: 4,
  };
  const cut = turnOf(readClientEvent({ type: "agent_response_correction", agent_response_correction_event }));
  assert.deepEqual(cut, { ...said, heard: "There are...", interrupted: true });
  const user = {
    type: "user_transcript",
    user_transcription_event: { user_transcript: "Stop.", event_id: 4 },
  };
  assert.notEqual(turnOf(readClientEvent(user)).key, said.key);
});

test("event ids that begin anew in a second talk do not overwrite the first", () => {
  const first = turnOf(readClientEvent(agent("Hello Anna.", 2)));
  assert.equal(turnOf(readClientEvent(agent("Hello Anna.", 2))).key, first.key);
  assert.notEqual(turnOf(readClientEvent(agent("Welcome back.", 2))).key, first.key);
});

test("a client tool's call, the beginning, errors without words, and presence", () => {
  const client_tool_call = {
    tool_name: "look_up",
    tool_call_id: "c1",
    parameters: { what: "x" },
    event_id: 3,
  };
  assert.deepEqual(readClientEvent({ type: "client_tool_call", client_tool_call }), [
    { type: "tool_call", toolCallId: "c1", name: "look_up", arguments: '{"what":"x"}' },
  ]);
  const conversation_initiation_metadata_event = { conversation_id: "conv_of_a_stranger" };
  assert.deepEqual(
    readClientEvent({ type: "conversation_initiation_metadata", conversation_initiation_metadata_event }),
    [{ type: "joined", who: "agent" }],
    "an id that a page tells is not believed",
  );
  const error_event = { code: 1002, error_type: "llm_timeout", message: "while saying: my secret" };
  assert.deepEqual(readClientEvent({ type: "error", error_event }), [
    { type: "other", name: "error", facts: { code: 1002, error_type: "llm_timeout" } },
  ]);
  const presence = { topic: "astrocyte.presence", payload: { what: "left", at: "2026-02-02T10:00:00Z" } };
  assert.deepEqual(readClientEvent(presence), [
    { type: "left", who: "person", at: Date.parse("2026-02-02T10:00:00Z") },
  ]);
});

test("what is noise, broken or unknown means nothing", () => {
  const broken = [
    "audio",
    "ping",
    "interruption",
    "vad_score",
    "agent_response",
    "user_transcript",
    "client_tool_call",
    7,
  ];
  for (const type of broken) assert.deepEqual(readClientEvent({ type }), []);
  assert.deepEqual(readClientEvent(agent("", 1)), []);
});

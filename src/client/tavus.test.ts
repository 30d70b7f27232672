import assert from "node:assert/strict";
import { test } from "node:test";
import { example, examples } from "../presentation/tavus/shape.fixture.ts";
import { createTavusReader } from "./tavus.ts";

type Row = Record<string, unknown>;

const streaming = (speech: string, seq: number, more: Row = {}): Row => {
  const message = example("app_messages_from_tavus", "conversation.utterance.streaming");
  return {
    ...message,
    seq,
    properties: { ...(message["properties"] as Row), content_index: seq, speech, ...more },
  };
};

test("every message of the contract is read, and only what the server needs is reported", () => {
  const read = createTavusReader();
  const reported = examples("app_messages_from_tavus").flatMap(([name, message]) =>
    read(message).report ? [name] : [],
  );
  assert.deepEqual(reported, [
    "system.replica_joined",
    "conversation.utterance.user",
    "conversation.utterance.replica",
    "conversation.utterance.streaming.final_interrupted",
    "conversation.perception_tool_call.vision",
    "conversation.perception_tool_call.audio",
    "conversation.perception_analysis",
    "conversation.objective.activated",
    "conversation.objective.completed",
    "conversation.objective.pending",
    "guardrail.app_message",
  ]);
});

test("a doubled message means nothing, and text that grows never shrinks", () => {
  const read = createTavusReader();
  const heard = (message: Row) => read(message).transcript?.heard;
  assert.equal(heard(streaming("Sure,", 20)), "Sure,");
  assert.equal(heard(streaming("Sure,", 20, { role: "pal" })), undefined);
  assert.equal(heard(streaming("Sure, what's the", 24)), "Sure, what's the");
  assert.equal(heard(streaming("Sure, what's", 22)), undefined, "out of order");
  const whole = read(example("app_messages_from_tavus", "conversation.utterance.replica")).transcript;
  assert.deepEqual(
    [whole?.text, whole?.heard, whole?.final],
    ["Sure, what's the order number?", "Sure, what's the", true],
  );
  const cut = read(example("app_messages_from_tavus", "conversation.utterance.streaming.final_interrupted"));
  assert.deepEqual(
    [cut.transcript?.text, cut.transcript?.interrupted, cut.report],
    ["Sure, what's the order number?", true, true],
  );
});

test("a person's sentence grows under one id; its early `final` is not believed", () => {
  const read = createTavusReader();
  const user = { role: "user", final: true };
  const first = read({ ...streaming("Quick", 10, user), inference_id: "guess-1" }).transcript;
  const late = read({ ...streaming("Quick quest", 12, user), inference_id: "guess-2" }).transcript;
  const old = read({ ...streaming("Quick que", 11, user), inference_id: "guess-2" }).transcript;
  const said = read(example("app_messages_from_tavus", "conversation.utterance.user")).transcript;
  assert.equal(new Set([first?.id, late?.id, said?.id]).size, 1);
  assert.deepEqual([first?.final, late?.final, old, said?.final], [false, false, undefined, true]);
  const after = read(streaming("Quick question about my o", 13, user));
  assert.equal(after.transcript, undefined, "the clean sentence stays");
});

test("tool calls are read in every form", () => {
  const read = createTavusReader();
  const registry = read(example("app_messages_from_tavus", "conversation.tool_call.registry")).toolCall;
  assert.deepEqual(registry, {
    toolCallId: "call_abc123",
    name: "register_lead",
    arguments: '{"email": "a@example.com"}',
  });
  assert.match(
    read(example("app_messages_from_tavus", "conversation.tool_call.legacy_inline")).toolCall!.toolCallId,
    /^inline_/,
  );
});

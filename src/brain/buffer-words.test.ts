import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ask,
  chunk,
  dataLines,
  post,
  ScriptedSessions,
  scriptedUpstream,
  sendStream,
  session,
  startBrain,
  wordsOf,
} from "./brain.fixture.ts";

const DONE = "data: [DONE]\n\n";
const call = (name: string) => ({
  tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: "{}" } }],
});

async function answerTo(t: Parameters<typeof scriptedUpstream>[0], body: string, bufferWords?: string) {
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res) => sendStream(res, body);
  const sessions = new ScriptedSessions();
  sessions.byKey.set("key-anna", session("anna", bufferWords === undefined ? {} : { bufferWords }));
  const { url } = await startBrain(t, upstream, { sessions });
  return (await post(url, ask("What is on stock?"), { key: "key-anna" })).text;
}

test("a tool that is called without a word is announced, once, before its call", async (t) => {
  const parts = { tool_calls: [{ index: 0, function: { arguments: "x" } }] };
  const body = [chunk({ role: "assistant", content: "" }), chunk(call("look_up")), chunk(parts)].join("");
  const text = await answerTo(t, body + chunk({}, "tool_calls") + DONE, "One moment... ");
  assert.equal(wordsOf(text), "One moment... ");
  const deltas = dataLines(text).map((line) => JSON.parse(line).choices[0]?.delta);
  assert.deepEqual(deltas.slice(1, 3), [{ content: "One moment... " }, call("look_up")]);
});

test("one that speaks first, one that is done at once, and one without words to say stay as they are", async (t) => {
  const spoken = chunk({ content: "Let me look." }) + chunk(call("look_up")) + chunk({}, "tool_calls") + DONE;
  assert.equal(wordsOf(await answerTo(t, spoken, "One moment... ")), "Let me look.");
  const over = chunk(call("end_call")) + chunk({}, "tool_calls") + DONE;
  assert.equal(wordsOf(await answerTo(t, over, "One moment... ")), "");
  const silent = chunk(call("look_up")) + chunk({}, "tool_calls") + DONE;
  assert.equal(wordsOf(await answerTo(t, silent)), "");
  const plain = chunk({ content: "Seven." }) + chunk({}, "stop") + DONE;
  assert.equal(wordsOf(await answerTo(t, plain, "One moment... ")), "Seven.");
});

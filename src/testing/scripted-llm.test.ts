import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../core/errors.ts";
import { collect } from "./collect.ts";
import { FakeClock } from "./fake-clock.ts";
import { createScriptedLLM, hashVector } from "./scripted-llm.ts";

const HELLO = [{ role: "user" as const, content: "hello" }];
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

test("answers in order, streams in words, and records the calls", async () => {
  const llm = createScriptedLLM({
    replies: ["first", { toolCalls: [{ id: "1", name: "f", arguments: "{}" }] }],
  });
  llm.queue("one two", new AstrocyteError("llm_unavailable", "[test] down"));
  assert.equal((await llm.complete(HELLO)).text, "first");
  assert.equal((await llm.complete(HELLO)).finishReason, "tool_calls");
  const chunks = await collect(llm.stream!(HELLO));
  assert.deepEqual(
    chunks.map((chunk) => (chunk.type === "text" ? chunk.text : chunk.type)),
    ["one", " two", "finish"],
  );
  await assert.rejects(llm.complete(HELLO), (error) => AstrocyteError.is(error, "llm_unavailable"));
  await assert.rejects(llm.complete(HELLO), (error) => AstrocyteError.is(error, "llm_failed"));
  assert.deepEqual(
    llm.calls.map(({ verb }) => verb),
    ["complete", "complete", "stream", "complete", "complete"],
  );
});

test("vectors are the same for the same words and near for shared ones", () => {
  const [a, b, c] = ["Anna likes tea", "anna LIKES tea!", "quarterly revenue grew"].map((text) =>
    hashVector(text),
  );
  assert.ok(dot(a!, b!) > 0.999);
  assert.ok(Math.abs(dot(a!, c!)) < 0.3);
  assert.ok(dot(a!, hashVector("Anna likes coffee")) > 0.5);
});

test("delays and failures follow the clock and the script", async () => {
  const clock = new FakeClock();
  const llm = createScriptedLLM({
    clock,
    replies: [
      { text: "late", delayMs: 50 },
      { text: "x", delayMs: 50 },
    ],
  });
  const call = llm.complete(HELLO);
  await clock.advance(50);
  assert.equal((await call).text, "late");
  const timedOut = assert.rejects(llm.complete(HELLO, { timeoutMs: 10 }), (e) =>
    AstrocyteError.is(e, "llm_timeout"),
  );
  await clock.advance(10);
  await timedOut;
  llm.failEmbeds(new AstrocyteError("llm_unavailable", "[test] down"));
  await assert.rejects(llm.embed(["x"]), (error) => AstrocyteError.is(error, "llm_unavailable"));
  llm.delayEmbeds(20);
  const vectors = llm.embed(["x"]);
  await clock.advance(20);
  assert.equal((await vectors).length, 1);
});

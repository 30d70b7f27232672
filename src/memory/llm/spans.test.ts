import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attributes, type Span, type Tracer, trace } from "@opentelemetry/api";
import { AstrocyteError } from "../../core/errors.ts";
import { collect } from "../../testing/collect.ts";
import { createScriptedLLM } from "../../testing/scripted-llm.ts";
import { chatSpan, chatStreamSpan } from "./spans.ts";

type Recorded = { name: string; attributes: Attributes; status?: string; ended: boolean };
const spans: Recorded[] = [];

/** As much of a tracer as `withSpan` uses. */
const tracer = {
  startActiveSpan(name: string, { attributes }: { attributes: Attributes }, work: (span: Span) => unknown) {
    const recorded: Recorded = { name, attributes: { ...attributes }, ended: false };
    spans.push(recorded);
    return work({
      setAttributes: (more: Attributes) => Object.assign(recorded.attributes, more),
      setStatus: ({ message }: { message?: string }) => (recorded.status = message ?? ""),
      end: () => (recorded.ended = true),
    } as unknown as Span);
  },
};
trace.setGlobalTracerProvider({ getTracer: () => tracer as unknown as Tracer });

const HELLO = [{ role: "user" as const, content: "a private thing" }];

test("a completion's span has model and counts, and no content", async () => {
  const llm = createScriptedLLM({ replies: ["another private thing"] });
  await chatSpan("openai", "m", () => llm.complete(HELLO));
  const { name, attributes, ended } = spans.at(-1)!;
  assert.equal(name, "chat");
  assert.ok(ended);
  assert.deepEqual(Object.keys(attributes).sort(), [
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.finish_reasons",
    "gen_ai.response.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
  ]);
  assert.doesNotMatch(JSON.stringify(spans), /private/);
});

test("a stream's span ends with it, fails with it, and ends when the reader leaves", async () => {
  const llm = createScriptedLLM({
    replies: ["one two", "three four", new AstrocyteError("llm_unavailable", "[test] private")],
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  await collect(chatStreamSpan("openai", "m", llm.stream!(HELLO)));
  for await (const _chunk of chatStreamSpan("openai", "m", llm.stream!(HELLO))) break;
  await assert.rejects(collect(chatStreamSpan("openai", "m", llm.stream!(HELLO))));
  await settle();
  const [whole, left, failed] = spans.slice(-3);
  assert.deepEqual([whole?.ended, left?.ended, failed?.ended], [true, true, true]);
  assert.equal(whole?.attributes["gen_ai.response.model"], "scripted-1");
  assert.deepEqual([whole?.status, left?.status, failed?.status], [undefined, undefined, "llm_unavailable"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attributes, type Span, type Tracer, trace } from "@opentelemetry/api";
import { openTestMemory } from "./memory.fixture.ts";

type Recorded = { name: string; attributes: Attributes; status?: string };
const spans: Recorded[] = [];

const tracer = {
  startActiveSpan(name: string, { attributes }: { attributes: Attributes }, work: (span: Span) => unknown) {
    const recorded: Recorded = { name, attributes: { ...attributes } };
    spans.push(recorded);
    return work({
      setAttribute: (key: string, value: string) => Object.assign(recorded.attributes, { [key]: value }),
      setStatus: ({ message }: { message: string }) => Object.assign(recorded, { status: message }),
      end: () => {},
    } as unknown as Span);
  },
};
trace.setGlobalTracerProvider({ getTracer: () => tracer as unknown as Tracer });

test("each operation has a span by its conventional name, without content", async (t) => {
  const { brain } = await openTestMemory(t);
  const bankId = "anna";
  await brain.retain("a private thing", { bankId, sessionId: "s1", metadata: { note: "private" } });
  await brain.recall("private question", { bankId });
  await brain.reflect("private question", { bankId });
  await brain.forget({ bankId, sessionId: "s1" });
  const context = { principal: "user:bob" };
  await assert.rejects(brain.recall("private question", { bankId, context }));
  const own = spans.filter(({ attributes }) => attributes["gen_ai.provider.name"] === "astrocyte");
  assert.deepEqual(
    own.map(({ name, status }) => [name, status]),
    [
      ["upsert_memory anna", undefined],
      ["create_memory_store anna", undefined],
      ["search_memory anna", undefined],
      ["search_memory anna", undefined],
      ["delete_memory anna", undefined],
      ["search_memory anna", "access_denied"],
    ],
  );
  assert.equal(own[0]?.attributes["gen_ai.conversation.id"], "s1");
  assert.equal(own[2]?.attributes["astrocyte.result_count"], 1);
  assert.doesNotMatch(JSON.stringify(spans), /private/);
});

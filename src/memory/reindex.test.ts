import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../core/errors.ts";
import { createScriptedLLM } from "../testing/scripted-llm.ts";
import { openTestMemory, testFolder } from "./memory.fixture.ts";

const bankId = "anna";
const newModel = () => createScriptedLLM({ dimensions: 64, embeddingModel: "other:v2" });

async function oldBank(t: Parameters<typeof testFolder>[0], count: number): Promise<string> {
  const path = `${await testFolder(t)}/memory.db`;
  const { brain } = await openTestMemory(t, { path });
  await brain.retainMany(
    Array.from({ length: count }, (_, i) => ({ content: `fact number ${i} of the list`, bankId })),
  );
  await brain.close();
  return path;
}

test("a bank's vectors are made anew, page by page, and then it works again", async (t) => {
  const path = await oldBank(t, 300);
  const { brain } = await openTestMemory(t, { path, embedder: newModel() });
  await assert.rejects(brain.retain("new", { bankId }), (error) =>
    AstrocyteError.is(error, "embedding_model_changed"),
  );
  const steps: number[] = [];
  const result = await brain.reindex({ bankId, onProgress: ({ done }) => steps.push(done) });
  assert.deepEqual(result, { reindexed: 300, resumed: false, from: "scripted:words@256", to: "other:v2" });
  assert.deepEqual(steps, [256, 300]);
  assert.equal((await brain.banks())[0]?.embeddingModel, "other:v2");
  assert.equal((await brain.retain("The sea is cold", { bankId })).stored, true);
  const { hits, trace } = await brain.recall("fact number 7 of the list", { bankId });
  assert.equal(hits[0]?.text, "fact number 7 of the list");
  assert.deepEqual(trace.failed, {});
});

test("a run that broke off goes on where it was, in another process too", async (t) => {
  const path = await oldBank(t, 600);
  const first = await openTestMemory(t, { path, embedder: newModel() });
  const abort = new AbortController();
  const run = first.brain.reindex({ bankId, signal: abort.signal, onProgress: () => abort.abort() });
  await assert.rejects(run, (error) => AstrocyteError.is(error, "cancelled"));
  await first.brain.close();
  const second = await openTestMemory(t, { path, embedder: newModel() });
  const result = await second.brain.reindex({ bankId });
  assert.deepEqual([result.reindexed, result.resumed], [344, true]);
  const third = await second.brain.reindex({ bankId });
  assert.deepEqual([third.reindexed, third.resumed], [600, false]);
});

test("an unknown bank is named as such", async (t) => {
  const { brain } = await openTestMemory(t, { policy: { access_control: { default_policy: "open" } } });
  await assert.rejects(brain.reindex({ bankId: "none" }), (error) => AstrocyteError.is(error, "not_found"));
});

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { AstrocyteError } from "../../../core/errors.ts";
import { FakeClock } from "../../../testing/fake-clock.ts";
import { createLocalEmbedder } from "./embedder.ts";

const cacheDir = await mkdtemp(join(tmpdir(), "astrocyte-"));
const clock = new FakeClock();
const embedder = createLocalEmbedder({ cacheDir, workers: 2, clock });
after(async () => {
  await embedder.close?.();
  await rm(cacheDir, { recursive: true });
});

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

test("declares what it can", async () => {
  assert.match(embedder.embeddingModel, /^local:use-lite-q8@\d+$/);
  assert.deepEqual(embedder.capabilities(), {
    completion: false,
    embedding: true,
    modalitiesSupported: [],
    supportsMultimodalCompletion: false,
    supportsMultimodalEmbedding: false,
  });
  await assert.rejects(embedder.complete([]), (error) => AstrocyteError.is(error, "not_supported"));
});

test("embeds through worker threads, large and small calls at once, in order", async () => {
  const texts = Array.from({ length: 60 }, (_, i) => `Sentence number ${i} is about topic ${i % 7}.`);
  const [all, ...singles] = await Promise.all([
    embedder.embed(texts),
    ...texts.map((text) => embedder.embed([text])),
  ]);
  assert.equal(all.length, texts.length);
  for (const [index, vector] of all.entries()) {
    assert.equal(vector.length, 512);
    assert.ok(dot(vector, singles[index]![0]!) > 0.99999);
  }
});

test("a repeated query comes from memory, as a copy, and is forgotten after a minute", async () => {
  const [first] = await embedder.embed(["What does Anna drink?"]);
  const [second] = await embedder.embed(["What does Anna drink?"]);
  assert.deepEqual(first, second);
  second![0] = 9;
  assert.deepEqual((await embedder.embed(["What does Anna drink?"]))[0], first);
  await clock.advance(61_000);
  assert.equal(clock.pending, 0);
  assert.deepEqual((await embedder.embed(["What does Anna drink?"]))[0], first);
});

test("a call ends at its deadline or when the caller stops", async () => {
  const late = assert.rejects(embedder.embed(["deadline"], { timeoutMs: 10 }), (error) =>
    AstrocyteError.is(error, "llm_timeout"),
  );
  await clock.advance(10);
  await late;
  await assert.rejects(embedder.embed(["stopped"], { signal: AbortSignal.abort() }), (error) =>
    AstrocyteError.is(error, "cancelled"),
  );
});

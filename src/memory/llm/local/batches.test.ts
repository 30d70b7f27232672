import assert from "node:assert/strict";
import { test } from "node:test";
import { packBatches, windows } from "./batches.ts";

const ids = (length: number) => Array.from({ length }, (_, i) => i);

test("a long text becomes windows of even size, and an empty one a window of its own", () => {
  const cut = windows([ids(3), ids(300), []], 128);
  assert.deepEqual(
    cut.map(({ text, ids }) => [text, ids.length]),
    [
      [0, 3],
      [1, 100],
      [1, 100],
      [1, 100],
      [2, 0],
    ],
  );
  assert.deepEqual(
    cut.slice(1, 4).flatMap(({ ids }) => ids),
    ids(300),
  );
});

test("batches hold every window once, with little padding and within the size", () => {
  const lengths = [5, 90, 5, 6, 128, 7, 5, 31, 30, 5, 128, 128, 128, 128];
  const batches = packBatches(windows(lengths.map(ids), 128));
  assert.deepEqual(
    batches
      .flat()
      .map(({ text }) => text)
      .sort((a, b) => a - b),
    lengths.map((_, i) => i),
  );
  for (const batch of batches) {
    const longest = batch.at(-1)!.ids.length;
    const padding = batch.reduce((sum, { ids }) => sum + longest - ids.length, 0);
    assert.ok(padding <= 12 && longest * batch.length <= 512);
  }
  assert.ok(batches.length < lengths.length / 2);
});

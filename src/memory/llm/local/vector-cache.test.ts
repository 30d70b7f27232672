import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../testing/fake-clock.ts";
import { VectorCache } from "./vector-cache.ts";

const vector = Float32Array.of(1, 0);

test("keeps recent queries, within bounds of number and time", async () => {
  const clock = new FakeClock();
  const cache = new VectorCache(clock);
  for (let i = 0; i < 600; i++) cache.put([`query ${i}`], [vector]);
  assert.equal(cache.get(["query 0"]), undefined);
  assert.deepEqual(cache.get(["query 599"]), [vector]);
  await clock.advance(60_000);
  assert.equal(cache.get(["query 599"]), undefined);
  assert.equal(clock.pending, 0);
});

test("has all vectors of a call or none, and none of a large call", () => {
  const cache = new VectorCache(new FakeClock());
  cache.put(["a"], [vector]);
  assert.equal(cache.get(["a", "b"]), undefined);
  cache.put(["b"], [vector]);
  assert.deepEqual(cache.get(["a", "b"]), [vector, vector]);
  cache.put(["x", "y", "z"], [vector, vector, vector]);
  assert.equal(cache.get(["x"]), undefined);
  cache.clear();
  assert.equal(cache.get(["a"]), undefined);
});

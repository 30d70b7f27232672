import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyedLock } from "./keyed-lock.ts";

test("works that share a key take turns, others do not wait", async () => {
  const lock = createKeyedLock();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = lock(["a", "b"], async () => {
    await gate.promise;
    order.push("ab");
  });
  const second = lock(["b", "c"], async () => void order.push("bc"));
  const third = lock(["c"], async () => void order.push("c"));
  await lock(["d"], async () => void order.push("d"));
  gate.resolve();
  await Promise.all([first, second, third]);
  assert.deepEqual(order, ["d", "ab", "bc", "c"]);
});

test("a failure is the caller's alone", async () => {
  const lock = createKeyedLock();
  const failing = lock(["a"], () => Promise.reject(new Error("no")));
  const next = lock(["a"], async () => "yes");
  await assert.rejects(failing, /no/);
  assert.equal(await next, "yes");
});

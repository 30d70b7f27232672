import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestMemory, storedRows, testFolder } from "../src/memory/memory.fixture.ts";

const bankId = "person:anna";

test("two instances on one file see each other's writes at once, and store nothing twice", async (t) => {
  const path = `${await testFolder(t)}/memory.db`;
  const first = await openTestMemory(t, { path });
  const second = await openTestMemory(t, { path });
  const told = await first.brain.retain("The boiler was serviced in May", { bankId });
  const { hits } = await second.brain.recall("boiler serviced", { bankId });
  assert.equal(hits[0]?.memoryId, told.memoryId);

  const both = [first.brain, second.brain];
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, i) => both[i % 2]!.retain(`fact number ${i >> 1}`, { bankId })),
  );
  assert.equal(results.filter(({ stored }) => stored).length, 50);
  for (let i = 0; i < 100; i += 2) assert.equal(results[i]?.memoryId, results[i + 1]?.memoryId);

  const once = await Promise.all(
    both.map((brain) => brain.retain(`said once`, { bankId, idempotencyKey: "k", speaker: "user" })),
  );
  assert.equal(once[0]?.memoryId, once[1]?.memoryId);

  await second.brain.forget({ bankId, memoryIds: [told.memoryId!], mode: "hard" });
  const after = await first.brain.recall("boiler serviced", { bankId });
  assert.ok(after.hits.every(({ memoryId }) => memoryId !== told.memoryId));
  assert.equal((await storedRows(first.brain, bankId)).length, 51);
  assert.equal((await first.brain.verifyAudit()).ok, true);
});

test("a grant that one instance takes away is gone for the other at its next call", async (t) => {
  const path = `${await testFolder(t)}/memory.db`;
  const first = await openTestMemory(t, { path });
  const second = await openTestMemory(t, { path });
  await first.brain.retain("The boiler was serviced in May", { bankId });
  await first.brain.grant({ bankId, principal: "user:bob", permissions: ["read"] });
  const context = { principal: "user:bob" };
  assert.equal((await second.brain.recall("boiler", { bankId, context })).hits.length, 1);
  await first.brain.revoke({ bankId, principal: "user:bob" });
  await assert.rejects(second.brain.recall("boiler", { bankId, context }), { name: "AccessDenied" });
});

test("limits count over both instances", async (t) => {
  const path = `${await testFolder(t)}/memory.db`;
  const policy = { homeostasis: { rate_limits: { retain_per_minute: 5 } } };
  const first = await openTestMemory(t, { path, policy });
  const second = await openTestMemory(t, { path, policy });
  const calls = Array.from({ length: 10 }, (_, i) =>
    [first.brain, second.brain][i % 2]!.retain(`fact ${i}`, { bankId }).then(
      () => "stored",
      (error) => error.code,
    ),
  );
  const outcomes = await Promise.all(calls);
  assert.equal(outcomes.filter((outcome) => outcome === "stored").length, 5);
  assert.equal(outcomes.filter((outcome) => outcome === "rate_limited").length, 5);
});

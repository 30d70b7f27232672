import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../core/errors.ts";
import { openTestMemory, storedRows, type TestMemory } from "./memory.fixture.ts";

const bankId = "anna";
const is = (code: Parameters<typeof AstrocyteError.is>[1]) => (error: unknown) =>
  AstrocyteError.is(error, code);

async function fill({ brain }: TestMemory): Promise<string[]> {
  const results = await brain.retainMany([
    { content: "The boat is blue", bankId, tags: ["boat", "a"], source: "crm", occurredAt: "2025-01-01" },
    { content: "The house is red", bankId, tags: ["house", "a"], source: "chat", occurredAt: "2025-02-01" },
    { content: "The car is green", bankId, tags: ["car"], sessionId: "s1", occurredAt: "2025-03-01" },
  ]);
  return results.map(({ memoryId }) => memoryId!);
}

test("each selector finds its own, and together all must hold", async (t) => {
  const memory = await openTestMemory(t);
  const [boat, house, car] = await fill(memory);
  const find = async (selector: object) =>
    (await memory.brain.forget({ bankId, dryRun: true, ...selector })).memoryIds;
  assert.deepEqual(await find({ memoryIds: [car!, boat!] }), [boat, car]);
  assert.deepEqual(await find({ tags: ["a"] }), [boat, house]);
  assert.deepEqual(await find({ tags: ["a", "house"] }), [house]);
  assert.deepEqual(await find({ before: "2025-02-01" }), [boat]);
  assert.deepEqual(await find({ source: "chat" }), [house]);
  assert.deepEqual(await find({ sessionId: "s1" }), [car]);
  assert.deepEqual(await find({ tags: ["a"], before: "2025-01-15" }), [boat]);
  assert.deepEqual(await find({ scope: "all" }), [boat, house, car]);
  assert.equal((await memory.brain.banks())[0]?.memories, 3);
});

test("without a selector, or with an empty one, nothing happens", async (t) => {
  const memory = await openTestMemory(t);
  const [boat] = await fill(memory);
  for (const selector of [
    {},
    { memoryIds: [] },
    { tags: [] },
    { scope: "all", memoryIds: [boat] },
    { scope: "some" },
  ]) {
    await assert.rejects(memory.brain.forget({ bankId, ...selector } as never), is("invalid_input"));
  }
  assert.equal((await memory.brain.banks())[0]?.memories, 3);
});

test("unknown ids are counted, another bank's are unknown", async (t) => {
  const memory = await openTestMemory(t);
  const [boat] = await fill(memory);
  const other = await memory.brain.retain("Not yours", { bankId: "bob" });
  const result = await memory.brain.forget({ bankId, memoryIds: [boat!, "mem_none", other.memoryId!] });
  assert.deepEqual([result.deletedCount, result.notFound], [1, 2]);
  assert.equal((await memory.brain.recall("not yours", { bankId: "bob" })).hits.length, 1);
});

test("soft hides at once and can be undone; purge ends that", async (t) => {
  const memory = await openTestMemory(t);
  const { brain } = memory;
  const [boat, house] = await fill(memory);
  const asked = async () =>
    (await brain.recall("the boat is blue", { bankId })).hits.map(({ memoryId }) => memoryId);
  assert.ok((await asked()).includes(boat!));
  await brain.forget({ bankId, tags: ["a"] });
  assert.ok(!(await asked()).includes(boat!));
  assert.equal((await brain.forget({ bankId, tags: ["a"], dryRun: true })).deletedCount, 0);
  assert.deepEqual(await brain.restore({ bankId, memoryIds: [boat!, "mem_none"] }), { restoredCount: 1 });
  assert.ok((await asked()).includes(boat!));
  assert.deepEqual(await brain.purge({ bankId }), { purgedCount: 1 });
  assert.deepEqual(await brain.restore({ bankId, memoryIds: [house!] }), { restoredCount: 0 });
});

test("a hold blocks every way of forgetting until it is released", async (t) => {
  const memory = await openTestMemory(t);
  const { brain } = memory;
  const [boat] = await fill(memory);
  const hold = await brain.hold({ bankId, reason: "case 7" });
  for (const options of [{ mode: "soft" }, { mode: "hard" }, { dryRun: true }] as const) {
    await assert.rejects(brain.forget({ bankId, memoryIds: [boat!], ...options }), is("legal_hold"));
  }
  await assert.rejects(brain.forget({ bankId, scope: "all" }), is("legal_hold"));
  await assert.rejects(brain.purge({ bankId }), is("legal_hold"));
  await assert.rejects(brain.dropBank(bankId), is("legal_hold"));
  assert.deepEqual((await brain.maintain()).held, [bankId]);
  assert.deepEqual(await brain.holds({ bankId }), [hold]);
  assert.equal(await brain.release({ bankId, holdId: hold.holdId }), true);
  assert.equal(await brain.release({ bankId, holdId: hold.holdId }), false);
  assert.equal((await brain.forget({ bankId, scope: "all" })).deletedCount, 3);
});

test("maintenance removes what has expired and what was deleted long enough ago", async (t) => {
  const memory = await openTestMemory(t, { policy: { lifecycle: { ttl: { delete_after_days: 10 } } } });
  const { brain, clock } = memory;
  const [boat] = await fill(memory);
  await brain.forget({ bankId, memoryIds: [boat!] });
  await clock.advance(5 * 86_400_000);
  await brain.retain("The garden is large", { bankId });
  assert.deepEqual(await brain.maintain(), { banks: 1, expired: 0, purged: 0, held: [] });
  await clock.advance(6 * 86_400_000);
  assert.deepEqual(await brain.maintain(), { banks: 1, expired: 3, purged: 0, held: [] });
  assert.deepEqual(
    (await storedRows(brain, bankId)).map(({ text }) => text),
    ["The garden is large"],
  );
  const lasting = await openTestMemory(t, { keepDeletedMs: 1_000 });
  const [first] = await fill(lasting);
  await lasting.brain.forget({ bankId, memoryIds: [first!] });
  await lasting.clock.advance(2_000);
  assert.deepEqual(await lasting.brain.maintain(), { banks: 1, expired: 0, purged: 1, held: [] });
});

test("a dropped bank is gone with its grants", async (t) => {
  const memory = await openTestMemory(t);
  const { brain } = memory;
  await fill(memory);
  await brain.grant({ bankId, principal: "user:bob", permissions: ["read"] });
  await brain.dropBank(bankId);
  assert.deepEqual(await brain.banks(), []);
  await brain.retain("New life", { bankId });
  assert.deepEqual(await brain.grants({ bankId }), []);
});

test("every change is in the audit, without content", async (t) => {
  const memory = await openTestMemory(t);
  const { brain } = memory;
  const [boat] = await fill(memory);
  await brain.forget({ bankId, memoryIds: [boat!] });
  await brain.restore({ bankId, memoryIds: [boat!] });
  await brain.forget({ bankId, source: "crm", mode: "hard" });
  await brain.grant({ bankId, principal: "*", permissions: ["read"] });
  await brain.revoke({ bankId, principal: "*" });
  await brain.hold({ bankId, reason: "secret reason", holdId: "h" });
  await brain.release({ bankId, holdId: "h" });
  const entries = await brain.audit({ bankId });
  assert.deepEqual(
    entries.map(({ operation, outcome }) => `${operation} ${outcome}`),
    [
      "banks created",
      "retain stored",
      "retain stored",
      "retain stored",
      "forget deleted",
      "restore restored",
      "forget purged",
      "grants granted",
      "grants revoked",
      "holds set",
      "holds released",
    ],
  );
  assert.doesNotMatch(JSON.stringify(entries), /\b(?:blue|red|green|secret)\b/);
  assert.equal((await brain.verifyAudit()).ok, true);
});

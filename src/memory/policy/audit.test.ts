import assert from "node:assert/strict";
import { test } from "node:test";
import { auditEntry, verifyAudit } from "./audit.ts";
import { fakeStore } from "./fake-store.ts";

async function chainOf(size: number) {
  const store = fakeStore();
  for (let at = 0; at < size; at++) {
    const context = { principal: "user:anna", onBehalfOf: { type: "user", id: "bob" } } as const;
    await store.audit.append([
      auditEntry({ at, context, operation: "retain", bankId: "a", outcome: "stored", facts: { count: at } }),
    ]);
  }
  return store;
}

test("an entry names every party and holds the facts", () => {
  const entry = auditEntry({
    at: 5,
    context: { principal: "agent:bot", onBehalfOf: { type: "user", id: "anna" }, tenantId: "t1" },
    operation: "forget",
    bankId: "a",
    outcome: "deleted",
    facts: { count: 2 },
  });
  assert.deepEqual(entry, {
    at: 5,
    principal: "agent:bot",
    operation: "forget",
    bankId: "a",
    outcome: "deleted",
    facts: { count: 2, onBehalfOf: "user:anna", tenantId: "t1" },
  });
});

test("a whole chain verifies over its pages", async () => {
  const store = await chainOf(2_500);
  const { ok, entries, head } = await verifyAudit(store.audit);
  assert.deepEqual({ ok, entries, head }, { ok: true, entries: 2_500, head: store.rows.at(-1)!.hash });
  assert.equal((await verifyAudit(fakeStore().audit)).ok, true);
});

test("a changed, removed, swapped or forged entry breaks it where it happened", async () => {
  const changed = await chainOf(10);
  changed.rows[3]!.facts = { count: 99 };
  assert.deepEqual(
    [(await verifyAudit(changed.audit)).ok, (await verifyAudit(changed.audit)).brokenAt],
    [false, 4],
  );

  const removed = await chainOf(10);
  removed.rows.splice(5, 1);
  assert.equal((await verifyAudit(removed.audit)).brokenAt, 7);

  const renumbered = await chainOf(10);
  renumbered.rows.splice(5, 1);
  renumbered.rows.forEach((row, i) => {
    row.seq = i + 1;
  });
  assert.equal((await verifyAudit(renumbered.audit)).brokenAt, 6);

  const beheaded = await chainOf(10);
  beheaded.rows.splice(0, 2);
  assert.equal((await verifyAudit(beheaded.audit)).brokenAt, 3);
});

test("a cut end shows only against a head that was kept elsewhere", async () => {
  const store = await chainOf(10);
  const before = await verifyAudit(store.audit);
  store.rows.pop();
  const after = await verifyAudit(store.audit);
  assert.equal(after.ok, true);
  assert.notEqual(after.head, before.head);
});

import assert from "node:assert/strict";
import { along, batch, type Case, entry, filled, memory, NOW, newBank } from "./fixtures.ts";

export const bankCases: Case[] = [
  {
    name: "a bank is made once and answers as it was made",
    async run({ store }) {
      const first = { id: "bank", owner: "user:anna", createdAt: NOW, embeddingModel: "model-1" };
      assert.deepEqual(await store.banks.ensure(first), first);
      assert.deepEqual(await store.banks.ensure({ ...first, owner: "user:eve" }), first);
      assert.deepEqual(await store.banks.get("bank"), first);
      assert.equal(await store.banks.get("other"), undefined);
    },
  },
  {
    name: "the list counts live memories bank by bank",
    async run({ store }) {
      await filled(store, [memory("a"), memory("b")]);
      await newBank(store, "empty");
      await store.memories.softDelete("bank", ["a"], NOW, entry("bank"));
      const counts = (await store.banks.list()).map(({ id, memories }) => [id, memories]);
      assert.deepEqual(counts, [
        ["bank", 1],
        ["empty", 0],
      ]);
    },
  },
  {
    name: "a dropped bank leaves nothing but its audit, and its name starts anew",
    async run({ store }) {
      await filled(store, [memory("a", { text: "lighthouse" })]);
      await newBank(store, "other");
      await store.memories.write(batch([memory("o", { bankId: "other", text: "lighthouse" })]));
      const idempotency = { key: "k", result: "r" };
      await store.memories.write(batch([memory("b")], { idempotency }));
      await store.governance.setGrant("bank", "user:bob", ["read"], entry("bank"));
      assert.equal((await store.search.lexical("bank", "lighthouse", { now: NOW }, 5)).ids.length, 1);
      await store.banks.drop("bank", entry("bank", "drop"));
      assert.equal(await store.banks.get("bank"), undefined);
      assert.deepEqual(await store.governance.grants("bank"), []);
      assert.equal((await store.search.lexical("bank", "lighthouse", { now: NOW }, 5)).ids.length, 0);
      await newBank(store);
      assert.deepEqual(await store.memories.get("bank", ["a", "b"]), []);
      assert.equal(await store.memories.idempotent("bank", "k"), undefined);
      assert.deepEqual((await store.search.dense("bank", along(0), { now: NOW }, 5)).ids, []);
      assert.deepEqual((await store.search.lexical("other", "lighthouse", { now: NOW }, 5)).ids, ["o"]);
      assert.equal((await store.audit.read(0, 10, "bank")).at(-1)?.operation, "drop");
    },
  },
  {
    name: "no call reaches into another bank",
    async run({ store }) {
      await filled(store, [
        memory("a", { text: "lighthouse", slot: "anna/home", sessionId: "s", position: 4 }),
      ]);
      await newBank(store, "other");
      const { memories, search } = store;
      assert.deepEqual(await memories.get("other", ["a"]), []);
      assert.deepEqual(await memories.byHash("other", ["hash of lighthouse"]), []);
      assert.deepEqual(await memories.bySlot("other", ["anna/home"]), []);
      assert.equal(await memories.lastPosition("other", "s"), -1);
      assert.deepEqual(await memories.select("other", { all: true }), []);
      assert.deepEqual(await memories.scan("other", undefined, 10), []);
      assert.equal(await memories.softDelete("other", ["a"], NOW, entry("other")), 0);
      assert.equal(await memories.purge("other", ["a"], entry("other")), 0);
      await memories.replaceVectors("other", [{ id: "a", vector: along(3) }]);
      assert.deepEqual((await search.lexical("other", "lighthouse", { now: NOW }, 5)).ids, []);
      assert.deepEqual((await search.dense("other", along(0), { now: NOW }, 5)).ids, []);
      assert.deepEqual((await search.recent("other", { now: NOW }, 5)).ids, []);
      const same = memory("a", { bankId: "other", text: "lighthouse" });
      assert.deepEqual(await memories.write(batch([same])), { duplicates: {} });
      assert.equal(Math.round((await search.dense("bank", along(0), { now: NOW }, 5)).scores[0]!), 1);
    },
  },
  {
    name: "a bank that does not exist has nothing and takes nothing",
    async run({ store }) {
      assert.deepEqual(await store.memories.get("none", ["a"]), []);
      assert.deepEqual((await store.search.recent("none", { now: NOW }, 5)).ids, []);
      await assert.rejects(store.memories.write(batch([memory("a", { bankId: "none" })])), {
        code: "not_found",
      });
    },
  },
];

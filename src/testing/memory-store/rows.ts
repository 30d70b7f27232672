import assert from "node:assert/strict";
import { along, batch, type Case, entry, filled, memory, NOW, newBank } from "./fixtures.ts";

export const rowCases: Case[] = [
  {
    name: "look-ups by hash, slot and session",
    async run({ store }) {
      await filled(store, [
        memory("a", { slot: "anna/home", sessionId: "s", position: 2 }),
        memory("b", { sessionId: "s", position: 5 }),
        memory("c", { slot: "anna/home" }),
      ]);
      await store.memories.softDelete("bank", ["b", "c"], NOW, entry("bank"));
      assert.deepEqual(await store.memories.byHash("bank", ["hash of b", "hash of a", "?"]), [
        { id: "a", hash: "hash of a" },
      ]);
      assert.deepEqual(
        (await store.memories.bySlot("bank", ["anna/home"])).map(({ id }) => id),
        ["a"],
      );
      assert.equal(await store.memories.lastPosition("bank", "s"), 5);
      assert.equal(await store.memories.lastPosition("bank", "none"), -1);
    },
  },
  {
    name: "selectors hold together, include deleted rows, and select nothing when empty",
    async run({ store }) {
      await filled(store, [
        memory("a", { tags: ["x", "y"], source: "crm", occurredAt: 100 }),
        memory("b", { tags: ["x"], sessionId: "s", occurredAt: 200, expiresAt: 500 }),
        memory("c", { tags: ["xy"], source: "crm", occurredAt: 300 }),
      ]);
      await store.memories.softDelete("bank", ["c"], 1000, entry("bank"));
      const select = (selector: Parameters<typeof store.memories.select>[1]) =>
        store.memories.select("bank", selector);
      assert.deepEqual(await select({}), []);
      assert.deepEqual(await select({ all: true }), ["a", "b", "c"]);
      assert.deepEqual(await select({ memoryIds: ["c", "a", "?"] }), ["a", "c"]);
      assert.deepEqual(await select({ memoryIds: [] }), []);
      assert.deepEqual(await select({ tags: ["x"] }), ["a", "b"]);
      assert.deepEqual(await select({ tags: ["y", "x"] }), ["a"]);
      assert.deepEqual(await select({ before: 200 }), ["a"]);
      assert.deepEqual(await select({ source: "crm" }), ["a", "c"]);
      assert.deepEqual(await select({ source: "crm", before: 300 }), ["a"]);
      assert.deepEqual(await select({ sessionId: "s" }), ["b"]);
      assert.deepEqual(await select({ expiredAt: 499 }), []);
      assert.deepEqual(await select({ expiredAt: 500 }), ["b"]);
      assert.deepEqual(await select({ deletedBefore: 999 }), []);
      assert.deepEqual(await select({ deletedBefore: 1000 }), ["c"]);
    },
  },
  {
    name: "soft deletion hides, restoration shows again, both once",
    async run({ store }) {
      await filled(store, [memory("a", { text: "lighthouse" }), memory("b")]);
      const { memories, search } = store;
      const found = async () => (await search.lexical("bank", "lighthouse", { now: NOW }, 5)).ids;
      assert.deepEqual(await found(), ["a"]);
      assert.equal(await memories.softDelete("bank", ["a", "none"], NOW + 1, entry("bank")), 1);
      assert.equal(await memories.softDelete("bank", ["a"], NOW + 2, entry("bank")), 0);
      assert.deepEqual(await found(), []);
      assert.deepEqual((await search.dense("bank", along(0), { now: NOW }, 5)).ids, ["b"]);
      assert.deepEqual((await search.recent("bank", { now: NOW }, 5)).ids, ["b"]);
      assert.equal((await memories.get("bank", ["a"]))[0]?.deletedAt, NOW + 1);
      assert.equal(await memories.restore("bank", ["a", "b"], entry("bank")), 1);
      assert.deepEqual(await found(), ["a"]);
      assert.equal((await store.audit.read(0, 10)).length, 3);
    },
  },
  {
    name: "purged rows are gone from every answer",
    async run({ store, reopen }) {
      await filled(store, [
        memory("a", { text: "lighthouse" }),
        memory("b"),
        memory("c", { text: "lighthouse keeper" }),
      ]);
      const found = (from: typeof store) =>
        from.search.lexical("bank", "lighthouse", { now: NOW, asOf: NOW }, 5);
      assert.equal((await found(store)).ids.length, 2);
      await store.memories.softDelete("bank", ["c"], NOW, entry("bank"));
      assert.equal(await store.memories.purge("bank", ["a", "c", "none"], entry("bank", "purge")), 2);
      assert.equal(await store.memories.purge("bank", ["a"], entry("bank", "purge")), 0);
      assert.deepEqual(await store.memories.get("bank", ["a", "c"]), []);
      assert.deepEqual((await found(store)).ids, []);
      assert.deepEqual((await store.search.dense("bank", along(0), { now: NOW }, 5)).ids, ["b"]);
      assert.deepEqual(
        (await store.memories.scan("bank", undefined, 9)).map(({ row }) => row.id),
        ["b"],
      );
      assert.deepEqual((await found(await reopen())).ids, []);
    },
  },
  {
    name: "a purged id and text may be stored again",
    async run({ store }) {
      await filled(store, [memory("a", { text: "lighthouse" })]);
      await store.search.recent("bank", { now: NOW }, 5);
      await store.memories.purge("bank", ["a"], entry("bank"));
      assert.deepEqual(await store.memories.write(batch([memory("a", { text: "lighthouse" })])), {
        duplicates: {},
      });
      assert.deepEqual((await store.search.lexical("bank", "lighthouse", { now: NOW }, 5)).ids, ["a"]);
    },
  },
  {
    name: "a scan pages in order of insertion, with deleted rows and vectors",
    async run({ store }) {
      await newBank(store);
      const ids = Array.from({ length: 25 }, (_, i) => `m${(i * 7) % 25}`);
      for (const [i, id] of ids.entries()) await store.memories.write(batch([memory(id, {}, along(i % 8))]));
      await store.memories.softDelete("bank", ["m7"], NOW, entry("bank"));
      const seen: string[] = [];
      for (;;) {
        const page = await store.memories.scan("bank", seen.at(-1), 10);
        if (page.length === 0) break;
        assert.ok(page.length <= 10);
        for (const { row, vector } of page) {
          assert.deepEqual([...vector], [...along(seen.length % 8)]);
          seen.push(row.id);
        }
      }
      assert.deepEqual(seen, ids);
      await assert.rejects(store.memories.scan("bank", "none", 10), { code: "not_found" });
    },
  },
  {
    name: "new vectors, of another model and length, are searched at once",
    async run({ store }) {
      await filled(store, [memory("a", {}, along(0)), memory("b", {}, along(1))]);
      const first = async (vector: Float32Array) =>
        (await store.search.dense("bank", vector, { now: NOW }, 5)).ids[0];
      assert.equal(await first(along(0)), "a");
      await store.memories.replaceVectors("bank", [
        { id: "a", vector: along(1) },
        { id: "b", vector: along(0) },
      ]);
      assert.equal(await first(along(0)), "b");
      assert.equal((await store.banks.get("bank"))?.embeddingModel, "model-1");
      const longer = Float32Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
      await store.memories.replaceVectors("bank", [{ id: "a", vector: longer }], "model-2");
      assert.equal((await store.banks.get("bank"))?.embeddingModel, "model-2");
      assert.deepEqual((await store.search.dense("bank", longer, { now: NOW }, 5)).ids, ["a"]);
      assert.deepEqual((await store.search.dense("bank", along(0), { now: NOW }, 5)).ids, ["b"]);
    },
  },
];

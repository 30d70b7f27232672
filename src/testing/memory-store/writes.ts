import assert from "node:assert/strict";
import { batch, type Case, entry, filled, memory, NOW, newBank } from "./fixtures.ts";

const FULL = memory("full", {
  text: "Zoë's 東京 trip 😀 — it's “fine”\n\0end",
  contentType: "conversation",
  metadata: { nested: { list: [1, "two", null] }, ключ: true },
  tags: ["call:1", "é"],
  source: "tavus",
  sessionId: "s1",
  position: 3,
  speaker: "Zoë",
  turnId: "t-9",
  expiresAt: NOW + 5,
  flags: ["injection"],
  slot: "zoe/home",
  supersededBy: "other",
  supersededAt: NOW + 1,
  seenCount: 7,
  lastSeenAt: NOW + 2,
});

export const writeCases: Case[] = [
  {
    name: "rows come back as they were written, in the order asked for",
    async run({ store, reopen }) {
      const long = memory("long", { text: "word ".repeat(20_000), speaker: "" });
      await filled(store, [FULL, long]);
      assert.deepEqual(await store.memories.get("bank", ["long", "none", "full"]), [long.row, FULL.row]);
      const again = await reopen();
      assert.deepEqual(await again.memories.get("bank", ["full", "long"]), [FULL.row, long.row]);
    },
  },
  {
    name: "a failed write changes nothing",
    async run({ store }) {
      await filled(store, [memory("a")]);
      const clash = batch([memory("b"), memory("a", { text: "another text" })], {
        audit: [entry("bank", "failed")],
        idempotency: { key: "k", result: "r" },
        merges: [{ memoryId: "a", seenAt: NOW + 9 }],
      });
      await assert.rejects(store.memories.write(clash), { code: "store_failed" });
      assert.deepEqual(await store.memories.get("bank", ["b"]), []);
      assert.equal((await store.memories.get("bank", ["a"]))[0]?.seenCount, 1);
      assert.equal(await store.memories.idempotent("bank", "k"), undefined);
      assert.deepEqual(await store.audit.read(0, 10), []);
      assert.deepEqual((await store.search.recent("bank", { now: NOW }, 5)).ids, ["a"]);
    },
  },
  {
    name: "failed and good writes sent together do not touch each other",
    async run({ store }) {
      await filled(store, [memory("a")]);
      const sent = Array.from({ length: 30 }, (_, i) =>
        store.memories.write(
          batch([i % 3 === 0 ? memory("a", { text: `clash ${i}` }) : memory(`m${i}`)], {
            audit: [entry("bank")],
          }),
        ),
      );
      const done = await Promise.allSettled(sent);
      assert.equal(done.filter(({ status }) => status === "rejected").length, 10);
      assert.equal((await store.memories.select("bank", { all: true })).length, 21);
      assert.equal((await store.audit.read(0, 100)).length, 20);
    },
  },
  {
    name: "an exact duplicate becomes a merge, also inside one batch",
    async run({ store }) {
      await filled(store, [memory("a", { text: "same" })]);
      const twins = [
        memory("b", { text: "same", lastSeenAt: NOW + 10 }),
        memory("c", { text: "new" }),
        memory("d", { text: "new", lastSeenAt: NOW + 20 }),
      ];
      assert.deepEqual(await store.memories.write(batch(twins)), { duplicates: { b: "a", d: "c" } });
      const [a, c] = await store.memories.get("bank", ["a", "c", "b", "d"]);
      assert.deepEqual([a?.id, a?.seenCount, a?.lastSeenAt], ["a", 2, NOW + 10]);
      assert.deepEqual([c?.id, c?.seenCount, c?.lastSeenAt], ["c", 2, NOW + 20]);
    },
  },
  {
    name: "of many that say the same at once, one is stored",
    async run({ store }) {
      await newBank(store);
      const outcomes = await Promise.all(
        Array.from({ length: 25 }, (_, i) =>
          store.memories.write(batch([memory(`m${i}`, { text: "same" })])),
        ),
      );
      const merged = outcomes.flatMap(({ duplicates }) => Object.values(duplicates));
      assert.equal(merged.length, 24);
      assert.equal(new Set(merged).size, 1);
      const [only] = await store.memories.get("bank", merged.slice(0, 1));
      assert.equal(only?.seenCount, 25);
      assert.deepEqual(await store.memories.select("bank", { all: true }), [only?.id]);
    },
  },
  {
    name: "what is said again lives to the later expiry",
    async run({ store }) {
      await filled(store, [
        memory("a", { text: "same", expiresAt: NOW + 10 }),
        memory("b", { expiresAt: NOW + 10 }),
      ]);
      await store.search.recent("bank", { now: NOW }, 5);
      await store.memories.write(batch([memory("x", { text: "same", expiresAt: NOW + 5 })]));
      assert.equal((await store.memories.get("bank", ["a"]))[0]?.expiresAt, NOW + 10);
      await store.memories.write(batch([memory("y", { text: "same", expiresAt: null })]));
      await store.memories.write(
        batch([], { merges: [{ memoryId: "b", seenAt: NOW, expiresAt: NOW + 30 }] }),
      );
      const rows = await store.memories.get("bank", ["a", "b"]);
      assert.deepEqual(
        rows.map(({ expiresAt }) => expiresAt),
        [null, NOW + 30],
      );
      assert.deepEqual(
        new Set((await store.search.recent("bank", { now: NOW + 20 }, 5)).ids),
        new Set(["a", "b"]),
      );
    },
  },
  {
    name: "a text that was deleted is stored anew, and then keeps the old one from returning",
    async run({ store }) {
      await filled(store, [memory("a", { text: "same" })]);
      await store.memories.softDelete("bank", ["a"], NOW, entry("bank"));
      assert.deepEqual(await store.memories.write(batch([memory("b", { text: "same" })])), {
        duplicates: {},
      });
      assert.equal(await store.memories.restore("bank", ["a"], entry("bank")), 0);
      assert.deepEqual((await store.search.recent("bank", { now: NOW }, 5)).ids, ["b"]);
    },
  },
  {
    name: "merges and replacements of older facts",
    async run({ store }) {
      await filled(store, [memory("old", { slot: "anna/home" }), memory("seen")]);
      await store.memories.write(
        batch([memory("new", { slot: "anna/home" })], {
          merges: [{ memoryId: "seen", seenAt: NOW + 7 }],
          supersedes: [{ memoryId: "old", by: "new", at: NOW + 8 }],
        }),
      );
      const [old, seen] = await store.memories.get("bank", ["old", "seen"]);
      assert.deepEqual([old?.supersededBy, old?.supersededAt], ["new", NOW + 8]);
      assert.deepEqual([seen?.seenCount, seen?.lastSeenAt], [2, NOW + 7]);
      const slot = await store.memories.bySlot("bank", ["anna/home", "none"]);
      assert.deepEqual(
        slot.map(({ id }) => id),
        ["old", "new"],
      );
    },
  },
  {
    name: "a fact that was merged does not replace itself",
    async run({ store }) {
      await filled(store, [memory("a", { text: "same" }), memory("b")]);
      const supersedes = ["a", "b"].map((memoryId) => ({ memoryId, by: "c", at: NOW }));
      await store.memories.write(batch([memory("c", { text: "same" })], { supersedes }));
      const rows = await store.memories.get("bank", ["a", "b"]);
      assert.deepEqual(
        rows.map(({ supersededBy }) => supersededBy),
        [null, "a"],
      );
    },
  },
  {
    name: "a repeat with the same key returns the first result and stores nothing",
    async run({ store, reopen }) {
      await newBank(store);
      await newBank(store, "other");
      const send = (id: string, result: string, bankId = "bank") =>
        store.memories.write(
          batch([memory(id, { bankId })], { idempotency: { key: "k", result }, audit: [entry(bankId)] }),
        );
      assert.deepEqual(await send("a", "first"), { duplicates: {} });
      assert.deepEqual(await send("b", "second"), { duplicates: {}, idempotent: "first" });
      assert.deepEqual(await send("c", "third", "other"), { duplicates: {} });
      assert.equal((await store.audit.read(0, 10)).length, 2);
      const again = await reopen();
      assert.equal(await again.memories.idempotent("bank", "k"), "first");
      assert.equal(await again.memories.idempotent("bank", "none"), undefined);
      assert.deepEqual(await again.memories.get("bank", ["b"]), []);
    },
  },
];

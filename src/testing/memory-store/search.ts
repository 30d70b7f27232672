import assert from "node:assert/strict";
import { AstrocyteError } from "../../core/errors.ts";
import { workerUrl } from "../../core/worker-pool.ts";
import type { Candidates, MemoryRow, MemoryStore, SearchFilter } from "../../memory/store.ts";
import type { Task } from "./beside-task.ts";
import { along, batch, type Case, entry, filled, memory, NOW, newBank } from "./fixtures.ts";

const ask = { now: NOW };
const TASK = workerUrl("./beside-task", import.meta.url);

function scoreOf({ ids, scores }: Candidates, id: string): number {
  return scores[ids.indexOf(id)] ?? Number.NaN;
}

function contextOf({ ids, contexts }: Candidates, id: string): number {
  return contexts[ids.indexOf(id)] ?? Number.NaN;
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 0.005, `${actual} is not near ${expected}`);
}

/** The ids that each strategy finds under a filter, which must be the same. */
async function visible({ search }: MemoryStore, filter: Partial<SearchFilter>): Promise<string[]> {
  const full = { ...ask, ...filter };
  const found = await Promise.all([
    search.lexical("bank", "shared", full, 50),
    search.dense("bank", along(0), full, 50),
    search.recent("bank", full, 50),
  ]);
  const [lexical, dense, recent] = found.map(({ ids }) => [...ids].sort());
  assert.deepEqual(lexical, recent);
  assert.deepEqual(dense, recent);
  for (const { ids, matched } of found) assert.equal(matched, ids.length);
  return recent!;
}

export const searchCases: Case[] = [
  {
    name: "a function that runs beside the data sees what its caller would, where the store can do that",
    async run({ store }) {
      if (!store.beside) return;
      await filled(store, [memory("a", { text: "The key is under the mat" }), memory("b")]);
      await newBank(store, "other");
      const run = (task: Task) =>
        store.beside!<{ owner: string; rows: MemoryRow[] }>(TASK, task, task.bankId);
      const find = (bankId: string) => run({ bankId, text: "key", filter: ask });
      const answers = await Promise.all([find("bank"), find("other"), find("nowhere"), find("bank")]);
      const rows = await store.memories.get("bank", ["a"]);
      assert.deepEqual(answers, [
        { owner: "user:anna", rows },
        { owner: "user:anna", rows: [] },
        { owner: undefined, rows: [] },
        { owner: "user:anna", rows },
      ]);
      const failing = run({ bankId: "bank", text: "", filter: ask, fail: true });
      await assert.rejects(failing, (error) => AstrocyteError.is(error, "not_found"));
      await store.memories.softDelete("bank", ["a"], NOW, entry("bank", "forget"));
      assert.deepEqual((await find("bank")).rows, []);
    },
  },
  {
    name: "lexical: rare words weigh more, forms of a word meet, the speaker counts",
    async run({ store }) {
      await filled(store, [
        memory("a", { text: "We moved to Lisbon", speaker: "Anna" }),
        memory("b", { text: "They moved house again", speaker: "Bruno" }),
        memory("c", { text: "The movers were late", speaker: "Bruno" }),
        memory("d", { text: "The café serves C++ developers and e-mail", speaker: "Zoë" }),
      ]);
      const find = async (text: string) => (await store.search.lexical("bank", text, ask, 10)).ids;
      assert.equal((await find("moving to lisbon"))[0], "a");
      assert.ok((await find("moves")).includes("b"));
      assert.deepEqual(await find("zoe"), ["d"]);
      assert.deepEqual(await find("CAFE"), ["d"]);
      assert.deepEqual(await find("c++"), ["d"]);
      assert.deepEqual(await find("email"), ["d"]);
      assert.deepEqual(await find("what is it"), []);
      assert.deepEqual(await find("nonsense"), []);
      assert.deepEqual(await find(""), []);
    },
  },
  {
    name: "lexical: a reply is found through the question next to it",
    async run({ store }) {
      const talk = [
        "Which allergy do you have?",
        "Peanuts, since childhood.",
        "Noted.",
        "Shall we go on?",
        "Yes.",
      ];
      await filled(store, [
        ...talk.map((text, position) => memory(`t${position}`, { text, sessionId: "s", position })),
        memory("alone", { text: "Peanuts grow underground", sessionId: "z", position: 9 }),
      ]);
      const found = await store.search.lexical("bank", "allergy peanuts", ask, 10);
      assert.ok(contextOf(found, "t1") > contextOf(found, "alone"));
      assert.equal(scoreOf(found, "t2"), 0);
      assert.ok(contextOf(found, "t2") > 0);
      assert.ok(contextOf(found, "t2") > contextOf(found, "t3"));
      assert.ok(!found.ids.includes("t4"));
    },
  },
  {
    name: "dense: exact cosines, and their weighted mean with two neighbours on either side",
    async run({ store }) {
      await filled(store, [
        memory("a", { sessionId: "s", position: 0 }, along(0)),
        memory("b", { sessionId: "s", position: 1 }, along(0, 1)),
        memory("c", { sessionId: "s", position: 2 }, along(1)),
        memory("far", { sessionId: "s", position: 9 }, along(0, 1, 2)),
        memory("none", {}, new Float32Array(8)),
      ]);
      const found = await store.search.dense("bank", along(0), ask, 10);
      const half = Math.SQRT1_2;
      near(scoreOf(found, "a"), 1);
      near(scoreOf(found, "b"), half);
      near(scoreOf(found, "c"), 0);
      near(contextOf(found, "a"), (4 + 2 * half + 0) / 7);
      near(contextOf(found, "b"), (3 + 4 * half + 0) / 9);
      near(contextOf(found, "far"), 1 / Math.sqrt(3));
      assert.ok(!found.ids.includes("none"));
      assert.deepEqual([found.ids[0], found.matched], ["a", 4]);
      const longer = along(0).map((value) => value * 3);
      near(scoreOf(await store.search.dense("bank", longer, ask, 10), "a"), 1);
      assert.deepEqual((await store.search.dense("bank", new Float32Array(8), ask, 10)).ids, []);
    },
  },
  {
    name: "recent: newest first, scores are times",
    async run({ store }) {
      await filled(
        store,
        [10, 30, 20].map((occurredAt) => memory(`m${occurredAt}`, { occurredAt })),
      );
      const found = await store.search.recent("bank", ask, 2);
      assert.deepEqual(found, { ids: ["m30", "m20"], scores: [30, 20], contexts: [30, 20], matched: 3 });
    },
  },
  {
    name: "the best by score and the best by context are both returned, up to the limit of each",
    async run({ store }) {
      const rows = Array.from({ length: 40 }, (_, i) =>
        memory(
          `m${i}`,
          { text: `word ${"filler ".repeat(i)}`, sessionId: `s${i}` },
          along(0, ...(i % 2 ? [1] : [])),
        ),
      );
      await filled(store, rows);
      const lexical = await store.search.lexical("bank", "word", ask, 5);
      assert.deepEqual(lexical.ids.slice(0, 5), ["m0", "m1", "m2", "m3", "m4"]);
      assert.equal(lexical.matched, 40);
      const dense = await store.search.dense("bank", along(0), ask, 5);
      assert.equal(dense.matched, 40);
      assert.ok(dense.ids.length >= 5 && dense.ids.length <= 10);
      assert.ok(dense.ids.slice(0, 5).every((id) => Number(id.slice(1)) % 2 === 0));
    },
  },
  {
    name: "filters: all tags, half-open time range, session, expiry",
    async run({ store }) {
      const text = (id: string) => `shared ${id}`;
      await filled(store, [
        memory("a", { text: text("a"), tags: ["x", "y"], occurredAt: 100 }),
        memory("b", { text: text("b"), tags: ["x"], occurredAt: 200, sessionId: "s" }),
        memory("c", { text: text("c"), occurredAt: 300, expiresAt: NOW }),
        memory("d", { text: text("d"), occurredAt: 300, expiresAt: NOW + 1 }),
      ]);
      assert.deepEqual(await visible(store, {}), ["a", "b", "d"]);
      assert.deepEqual(await visible(store, { now: NOW - 1 }), ["a", "b", "c", "d"]);
      assert.deepEqual(await visible(store, { tags: ["x"] }), ["a", "b"]);
      assert.deepEqual(await visible(store, { tags: ["y", "x"] }), ["a"]);
      assert.deepEqual(await visible(store, { tags: ["z"] }), []);
      assert.deepEqual(await visible(store, { tags: [] }), ["a", "b", "d"]);
      assert.deepEqual(await visible(store, { from: 200 }), ["b", "d"]);
      assert.deepEqual(await visible(store, { to: 200 }), ["a"]);
      assert.deepEqual(await visible(store, { from: 100, to: 300, tags: ["x"] }), ["a", "b"]);
      assert.deepEqual(await visible(store, { sessionId: "s" }), ["b"]);
      assert.deepEqual(await visible(store, { sessionId: "none" }), []);
    },
  },
  {
    name: "asOf: what was known then, and not deleted by then",
    async run({ store }) {
      await filled(store, [
        memory("a", { text: "shared a", occurredAt: 100, retainedAt: 500 }),
        memory("b", { text: "shared b", occurredAt: 900, retainedAt: 300 }),
        memory("c", { text: "shared c", occurredAt: 100, retainedAt: 100 }),
      ]);
      await store.memories.softDelete("bank", ["c"], 400, entry("bank"));
      assert.deepEqual(await visible(store, { asOf: 99 }), []);
      assert.deepEqual(await visible(store, { asOf: 100 }), ["a", "c"]);
      assert.deepEqual(await visible(store, { asOf: 300 }), ["a", "b", "c"]);
      assert.deepEqual(await visible(store, { asOf: 399 }), ["a", "b", "c"]);
      assert.deepEqual(await visible(store, { asOf: 400 }), ["a", "b"]);
      assert.deepEqual(await visible(store, {}), ["a", "b"]);
    },
  },
  {
    name: "neighbours that may not be seen have no say in a context",
    async run({ store }) {
      await filled(store, [
        memory("a", { text: "secret lighthouse", sessionId: "s", position: 0 }, along(0)),
        memory("b", { text: "shared b", sessionId: "s", position: 1, occurredAt: NOW - 5 }, along(1)),
      ]);
      const look = (filter: Partial<SearchFilter>) =>
        Promise.all([
          store.search.lexical("bank", "lighthouse", { ...ask, ...filter }, 5),
          store.search.dense("bank", along(0), { ...ask, ...filter }, 5),
        ]);
      const [before, denseBefore] = await look({});
      assert.ok(contextOf(before, "b") > 0);
      near(contextOf(denseBefore, "b"), 3 / 7);
      const [past, densePast] = await look({ asOf: NOW - 1 });
      assert.deepEqual(past.ids, []);
      near(contextOf(densePast, "b"), 0);
      await store.memories.softDelete("bank", ["a"], NOW, entry("bank"));
      assert.deepEqual((await look({}))[0].ids, []);
      await store.memories.purge("bank", ["a"], entry("bank"));
      const [after, denseAfter] = await look({});
      assert.deepEqual(after.ids, []);
      near(contextOf(denseAfter, "b"), 0);
    },
  },
  {
    name: "every write is seen by the next search",
    async run({ store }) {
      await newBank(store);
      for (let i = 0; i < 40; i++) {
        const neighbours = { sessionId: "s", position: i };
        await store.memories.write(
          batch([memory(`m${i}`, { text: `word${i} common`, ...neighbours }, along(i % 8))]),
        );
        assert.equal((await store.search.lexical("bank", `word${i}`, ask, 3)).ids[0], `m${i}`);
        const dense = await store.search.dense("bank", along(i % 8), ask, 50);
        assert.ok(dense.ids.includes(`m${i}`));
        assert.equal((await store.search.recent("bank", ask, 50)).ids.length, i + 1);
      }
      const context = await store.search.lexical("bank", "word7", ask, 10);
      assert.deepEqual([...context.ids].sort(), ["m5", "m6", "m7", "m8", "m9"]);
    },
  },
  {
    name: "searches of many banks at once answer each their own",
    async run({ store }) {
      const banks = Array.from({ length: 12 }, (_, i) => `bank${i}`);
      for (const bankId of banks) {
        await newBank(store, bankId);
        await store.memories.write(batch([memory(`of ${bankId}`, { bankId, text: "common lighthouse" })]));
      }
      const found = await Promise.all(
        [...banks, ...banks, ...banks].map((bankId) => store.search.lexical(bankId, "lighthouse", ask, 5)),
      );
      for (const [i, { ids }] of found.entries()) assert.deepEqual(ids, [`of bank${i % 12}`]);
    },
  },
];

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { analyse } from "../../core/text.ts";
import type { Candidates, MemoryRow, MemoryStore, SearchFilter } from "../../memory/store.ts";
import { auditEntry, BANK, NOW, rowOf } from "./faults/rows.ts";
import { open } from "./index.ts";

const WORDS = "apple river stone cloud violin harbour copper meadow lantern walnut falcon ember".split(" ");

/** The same numbers in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Sessions are told out of order, with gaps, and no position twice. */
function randomRow(id: string, roll: (sides: number) => number): MemoryRow {
  const text = Array.from({ length: 1 + roll(12) }, () => WORDS[roll(1 + roll(WORDS.length))]).join(" ");
  return rowOf(id, text, {
    speaker: roll(3) === 0 ? null : WORDS[roll(2)]!,
    sessionId: roll(4) === 0 ? null : `s${Number(id.slice(1)) % 6}`,
    position: (Math.floor(Number(id.slice(1)) / 6) * 7) % 50,
    tags: roll(2) === 0 ? ["x"] : [],
    occurredAt: NOW - roll(1000),
    expiresAt: roll(8) === 0 ? NOW + roll(100) : null,
  });
}

function randomVector(roll: (sides: number) => number): Float32Array {
  return Float32Array.from({ length: 40 }, () => roll(1000) - 500);
}

async function answers({ search }: MemoryStore, filter: SearchFilter): Promise<Candidates[]> {
  return Promise.all([
    search.lexical(BANK.id, "apple violin falcon", filter, 25),
    search.dense(BANK.id, randomVector(dice(5)), filter, 25),
    search.recent(BANK.id, filter, 25),
  ]);
}

function assertSame(kept: Candidates[], fresh: Candidates[]): void {
  const rounded = (all: Candidates[]) =>
    all.map(({ ids, scores, contexts, matched }) => [
      ids,
      scores.map((score) => score.toFixed(3)),
      contexts.map((score) => score.toFixed(3)),
      matched,
    ]);
  assert.deepEqual(rounded(kept), rounded(fresh));
}

it("an index kept up to date through all changes answers as one built anew", async () => {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-search-"));
  const path = join(folder, "store.db");
  const roll = dice(1);
  const kept = await open(path, { readers: 2 });
  await kept.banks.ensure(BANK);
  const ids: string[] = [];
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 25; i++) {
      const id = `m${ids.length}`;
      ids.push(id);
      const memories = [
        { row: randomRow(id, roll), vector: roll(9) === 0 ? new Float32Array(0) : randomVector(roll) },
      ];
      await kept.memories.write({ bankId: BANK.id, memories, merges: [], supersedes: [], audit: [] });
      if (i % 5 === 0) await answers(kept, { now: NOW });
    }
    const some = (count: number) => Array.from({ length: count }, () => ids[roll(ids.length)]!);
    await kept.memories.softDelete(BANK.id, some(6), NOW - roll(900), auditEntry("forget"));
    await kept.memories.restore(BANK.id, some(6), auditEntry("restore"));
    if (round % 3 === 1) await kept.memories.purge(BANK.id, some(5), auditEntry("purge"));
    await kept.memories.replaceVectors(
      BANK.id,
      some(4).map((id) => ({ id, vector: randomVector(roll) })),
    );
    const fresh = await open(path, { readers: 2 });
    for (const filter of [{ now: NOW }, { now: NOW + 50, tags: ["x"] }, { now: NOW, asOf: NOW - 400 }]) {
      assertSame(await answers(kept, filter), await answers(fresh, filter));
    }
    await fresh.close();
  }
  await kept.close();
  await rm(folder, { recursive: true });
});

it("scores are those of the textbook", async () => {
  const roll = dice(2);
  const store = await open(":memory:");
  await store.banks.ensure(BANK);
  const memories = Array.from({ length: 300 }, (_, i) => ({
    row: { ...randomRow(`m${i}`, roll), expiresAt: null, speaker: null },
    vector: randomVector(roll),
  }));
  await store.memories.write({ bankId: BANK.id, memories, merges: [], supersedes: [], audit: [] });
  // With and without a mask two ways of working meet.
  assertSame(await answers(store, { now: NOW }), await answers(store, { now: NOW, asOf: NOW }));
  const documents = memories.map(({ row }) => analyse(row.text));
  const mean = documents.reduce((sum, terms) => sum + terms.length, 0) / documents.length;
  const bm25 = (question: string, terms: string[]) =>
    analyse(question).reduce((sum, term) => {
      const holding = documents.filter((other) => other.includes(term)).length;
      const idf = Math.log(1 + (documents.length - holding + 0.5) / (holding + 0.5));
      const times = terms.filter((other) => other === term).length;
      return sum + (idf * times * 2.2) / (times + 1.2 * (0.25 + (0.75 * terms.length) / mean));
    }, 0);
  const lexical = await store.search.lexical(BANK.id, "apple violin falcon", { now: NOW }, 300);
  const wanted = documents.map((terms) => bm25("apple violin falcon", terms));
  for (const [i, id] of lexical.ids.entries()) {
    assert.ok(Math.abs(lexical.scores[i]! - wanted[Number(id.slice(1))]!) < 1e-4);
  }
  const found = wanted.filter((score) => score > 0).length;
  assert.equal(lexical.scores.filter((score) => score > 0).length, found);

  const question = randomVector(roll);
  const norm = (vector: Float32Array) => Math.hypot(...vector);
  const dot = (vector: Float32Array) => vector.reduce((sum, value, i) => sum + value * question[i]!, 0);
  const dense = await store.search.dense(BANK.id, question, { now: NOW }, 50);
  const exact = memories.map(({ vector }) => dot(vector) / norm(vector) / norm(question));
  const best = exact.toSorted((a, b) => b - a);
  for (const [i, id] of dense.ids.slice(0, 50).entries()) {
    assert.ok(Math.abs(dense.scores[i]! - exact[Number(id.slice(1))]!) < 1e-3);
    assert.ok(Math.abs(dense.scores[i]! - best[i]!) < 1e-3);
  }
  await store.close();
});

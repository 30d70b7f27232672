import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../src/core/secrets.ts";
import type { LLMProvider } from "../../src/memory/llm/provider.ts";
import type { MemoryRow, NewMemory } from "../../src/memory/store.ts";
import { memoryStore, openDatabase } from "../../src/stores/sqlite/index.ts";
import { generator, memoryTexts } from "./corpus.ts";

export const OWNER = "user:local";
export const CACHE = join(tmpdir(), "astrocyte-bench");

/** Distinct sentences that are embedded; a memory's vector is one of theirs with noise, so that filling takes seconds. */
const POOL = 2_000;
const BATCH = 2_000;
const NOISE = 0.35;
const FORMAT = 3;

export type Layout = { name: string; banks: Array<{ id: string; memories: number }> };

/** A database of this layout, made on first use and kept for later runs. Returns its path. */
export async function memoryFile(layout: Layout, embedder: LLMProvider): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const path = join(CACHE, `recall-${layout.name}-v${FORMAT}.db`);
  if (existsSync(path)) return path;
  const building = `${path}.building`;
  for (const suffix of ["", "-wal", "-shm"]) rmSync(building + suffix, { force: true });
  await fill(building, layout, embedder);
  renameSync(building, path);
  return path;
}

async function fill(path: string, { banks }: Layout, embedder: LLMProvider): Promise<void> {
  const texts = memoryTexts(POOL);
  const pool = await embedder.embed(texts);
  const store = memoryStore(await openDatabase(path));
  const random = generator(7);
  const made = Date.UTC(2026, 0, 1);
  let serial = 0;
  for (const bank of banks) {
    await store.banks.ensure({
      id: bank.id,
      owner: OWNER,
      createdAt: made,
      embeddingModel: embedder.embeddingModel,
    });
    const own = memoryTexts(bank.memories, serial + 11);
    for (let from = 0; from < own.length; from += BATCH) {
      const memories = own.slice(from, from + BATCH).map((text, i): NewMemory => {
        const at = made - (own.length - from - i) * 60_000;
        serial++;
        return {
          row: rowOf(bank.id, serial, from + i, text, at),
          vector: near(pool[serial % POOL]!, random),
        };
      });
      await store.memories.write({ bankId: bank.id, memories, merges: [], supersedes: [], audit: [] });
    }
  }
  await store.close();
}

function rowOf(bankId: string, serial: number, index: number, text: string, at: number): MemoryRow {
  return {
    id: `mem_${serial}`,
    bankId,
    text,
    contentType: "conversation",
    factType: "statement",
    metadata: {},
    tags: [],
    source: "bench",
    sessionId: `${bankId}-${Math.floor(index / 20)}`,
    position: index % 20,
    speaker: index % 2 === 0 ? "Anna" : "Guide",
    turnId: null,
    occurredAt: at,
    retainedAt: at,
    expiresAt: null,
    hash: sha256(`${bankId} ${serial}`),
    flags: [],
    slot: null,
    supersededBy: null,
    supersededAt: null,
    seenCount: 1,
    lastSeenAt: at,
    deletedAt: null,
    principal: OWNER,
  };
}

function near(vector: Float32Array, random: () => number): Float32Array {
  const reach = (NOISE * 2) / Math.sqrt(vector.length / 3);
  const noisy = new Float32Array(vector.length);
  let squares = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i]! + (random() - 0.5) * reach;
    noisy[i] = value;
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  for (let i = 0; i < noisy.length; i++) noisy[i]! /= length;
  return noisy;
}

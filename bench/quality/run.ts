import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { Astrocyte, type MemoryHit, type RecallResult } from "../../src/index.ts";
import type { Bank, Case, Dataset } from "./dataset.ts";

/** As many hits as it takes to see ten sessions. */
const HITS = 200;

export type Asked = { asked: Case; result: RecallResult; ids: string[]; ms: number };

/** Memory in a file of its own that goes when `work` is done, with a clock that the cases set. */
export async function withMemory<T>(work: (memory: Bench) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-quality-"));
  const time: { now?: number } = {};
  const clock = { ...systemClock, now: () => time.now ?? Date.now() };
  const memory = await Astrocyte.open({ path: join(folder, "memory.db"), clock });
  try {
    return await work({ memory, time, names: new Map() });
  } finally {
    await memory.close();
    await rm(folder, { recursive: true });
  }
}

export type Bench = {
  memory: Astrocyte;
  time: { now?: number };
  /** The set's own ids of stored facts, by memory id. */
  names: Map<string, string>;
};

/** One retain a session and a fact, through the public API. */
export async function store({ memory, names }: Bench, banks: Bank[]): Promise<void> {
  for (const { id: bankId, sessions, facts } of banks) {
    for (const { id, at, turns } of sessions) {
      await memory.retain(turns, { bankId, contentType: "conversation", sessionId: id, occurredAt: at });
    }
    for (const { id, at, text } of facts) {
      const { memoryId } = await memory.retain(text, { bankId, occurredAt: at });
      if (memoryId !== undefined) names.set(memoryId, id);
    }
  }
}

export async function ask({ memory, time, names }: Bench, asked: Case): Promise<Asked> {
  if (asked.now === undefined) delete time.now;
  else time.now = asked.now;
  const start = performance.now();
  const result = await memory.recall(asked.question, { banks: asked.banks, maxResults: HITS });
  const ms = performance.now() - start;
  const several = asked.banks.length > 1;
  const name = (hit: MemoryHit) => {
    const id = hit.turnId ?? names.get(hit.memoryId) ?? hit.memoryId;
    return several ? `${hit.bankId}/${id}` : id;
  };
  return { asked, result, ids: result.hits.map(name), ms };
}

export async function askAll(dataset: Dataset): Promise<Asked[]> {
  return withMemory(async (bench) => {
    await store(bench, dataset.banks);
    const answers: Asked[] = [];
    for (const one of dataset.cases) answers.push(await ask(bench, one));
    return answers;
  });
}

import type { Deadline } from "../core/deadline.ts";
import { readCues } from "./ranking/cues.ts";
import { dropDuplicates } from "./ranking/dedupe.ts";
import { EXTERNAL_BANK, type ExternalVectors, searchExternal } from "./ranking/external.ts";
import { anythingFits } from "./ranking/fits.ts";
import { type Found, fuse } from "./ranking/fuse.ts";
import { refine } from "./ranking/refine.ts";
import { newerFirst, orderSuperseded } from "./ranking/supersede.ts";
import type { TimeSpan } from "./ranking/time.ts";
import { fetchHits, withSuccessors } from "./rows.ts";
import type { MemoryReads, SearchFilter } from "./store.ts";
import {
  newReport,
  poolSize,
  runStrategy,
  type Search,
  type StrategyReport,
  searchBank,
} from "./strategies.ts";
import type { MemoryHit, RecallOptions } from "./types.ts";

/** A question and all that is asked of its answer; plain data, it crosses threads. */
export type Question = {
  text: string;
  banks: string[];
  strategy: NonNullable<RecallOptions["strategy"]>;
  maxResults: number;
  filter: SearchFilter;
  embeddingModel: string;
  externals: MemoryHit[];
};

/** The vectors of a question; absent when none came. */
export type QuestionVectors = { question: Promise<Float32Array>; externals: Promise<Float32Array[]> };

/** `total` is the deadline of the whole; `search` comes a little earlier, and leaves time to read what was found. */
export type Deadlines = { search: Deadline; total: Deadline };

/** The best memories, best first, with how they were found. */
export type Ranked = {
  best: MemoryHit[];
  totalCandidates: number;
  /** False when nothing found has to do with the question. */
  fits: boolean;
  /** Anything was found at all. */
  found: boolean;
  report: StrategyReport;
  time?: TimeSpan;
};

type Call = {
  store: MemoryReads;
  question: Question;
  vectors: QuestionVectors | undefined;
  search: Search;
  total: Deadline;
};

/** Searches the question's banks and ranks what they hold. `cascade` stops at the bank that makes it enough, `first_match` at the first that knows anything. */
export async function rankBanks(
  store: MemoryReads,
  question: Question,
  vectors: QuestionVectors | undefined,
  { search: deadline, total }: Deadlines,
): Promise<Ranked> {
  const { text, banks, strategy, maxResults, filter, embeddingModel } = question;
  const cues = readCues(text, filter.asOf ?? filter.now);
  const search: Search = {
    ...{ store, embeddingModel, question: text, filter, deadline, cues, maxResults, report: newReport() },
    ...(vectors && { vector: vectors.question }),
  };
  const call = { store, question, vectors, search, total };
  if (strategy === "parallel") {
    return rank(call, await Promise.all(banks.map((bank) => searchBank(search, bank))));
  }
  const found: Found[] = [];
  let ranked: Ranked | undefined;
  for (const bank of banks) {
    if (strategy === "first_match") found.length = 0;
    found.push(await searchBank(search, bank));
    ranked = await rank(call, found);
    if (ranked.best.length >= (strategy === "first_match" ? 1 : maxResults)) break;
  }
  return ranked!;
}

async function rank(call: Call, inBanks: Found[]): Promise<Ranked> {
  const { search, question } = call;
  const { report, cues } = search;
  const { pool, found, totalCandidates } = await readPool(call, inBanks);
  const fits = anythingFits(question.text, pool, found, question.embeddingModel);
  const refined = fits ? refine(pool, cues) : [];
  const complete = await reading(call, refined, (store, filter) => withSuccessors(store, refined, filter));
  const best = dropDuplicates(newerFirst(orderSuperseded(complete)), question.maxResults);
  const time = cues.time && { time: cues.time };
  return { best, totalCandidates, fits, found: pool.length > 0, report, ...time };
}

type Pool = { pool: MemoryHit[]; found: Found[]; totalCandidates: number };

/** The best candidates with their texts, external hits among them under the same scores. */
async function readPool(call: Call, found: Found[]): Promise<Pool> {
  const { externals, maxResults, text } = call.question;
  const fused = fuse(found);
  const size = poolSize(maxResults);
  const extra = new Set(found.flatMap((one) => one.extra ?? []));
  const top = fused.filter(({ id }, rank) => rank < size || extra.has(id));
  const pool = await reading(call, [], (store, filter) => fetchHits(store, top, filter));
  if (externals.length === 0) return { pool, found, totalCandidates: fused.length };
  const external = searchExternal(text, externals, await externalVectors(call), pool, found);
  const all = [...found, external];
  const together = fuse(all);
  const scores = new Map(together.map(({ bankId, id, score }) => [`${bankId}/${id}`, score]));
  const scored = [...pool, ...externals].map((hit) => ({
    ...hit,
    score: scores.get(`${hit.origin === "external" ? EXTERNAL_BANK : hit.bankId}/${hit.memoryId}`) ?? 0,
  }));
  return {
    pool: scored.sort((a, b) => b.score - a.score),
    found: all,
    totalCandidates: together.length,
  };
}

async function externalVectors({ search, vectors }: Call): Promise<ExternalVectors | undefined> {
  if (!vectors) return undefined;
  return runStrategy(search, "external", async () => {
    const [question, externals] = await Promise.all([vectors.question, vectors.externals]);
    return { question, externals };
  });
}

/** Reads from the store within the deadline of the whole call; without an answer it goes on with `without`. */
async function reading(
  { store, search, total }: Call,
  without: MemoryHit[],
  work: (store: MemoryReads, filter: SearchFilter) => Promise<MemoryHit[]>,
): Promise<MemoryHit[]> {
  const { filter, report } = search;
  const hits = await runStrategy({ deadline: total, report }, "rows", () => work(store, filter));
  return hits ?? without;
}

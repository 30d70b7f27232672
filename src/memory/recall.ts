import { type Deadline, startDeadline } from "../core/deadline.ts";
import { AstrocyteError } from "../core/errors.ts";
import type { Engine } from "./engine.ts";
import { title, withinBudget } from "./ranking/budget.ts";
import { readCues } from "./ranking/cues.ts";
import { dropDuplicates } from "./ranking/dedupe.ts";
import { EXTERNAL_BANK, type ExternalVectors, searchExternal, toExternalHit } from "./ranking/external.ts";
import { anythingFits } from "./ranking/fits.ts";
import { type Found, fuse } from "./ranking/fuse.ts";
import { refine } from "./ranking/refine.ts";
import { newerFirst, orderSuperseded } from "./ranking/supersede.ts";
import { fetchHits, withSuccessors } from "./rows.ts";
import type { MemoryStore, SearchFilter } from "./store.ts";
import { newReport, poolSize, runStrategy, type Search, searchBank, since } from "./strategies.ts";
import { toMs } from "./time.ts";
import type { MemoryHit, RecallOptions, RecallResult } from "./types.ts";

const MAX_RESULTS = 10;
/** Share of the deadline, and its most in milliseconds, that is kept for reading what was found. */
const READING = { share: 0.2, most: 20 };

/** The banks that a call means, in its order. Errors: `invalid_input` when it names none. */
export function recallBanks({ bankId, banks }: Pick<RecallOptions, "bankId" | "banks">): string[] {
  const named = [...new Set([...(bankId === undefined ? [] : [bankId]), ...(banks ?? [])])];
  if (named.length > 0) return named;
  throw new AstrocyteError("invalid_input", "[recall] no bank is named. Give bankId or banks.");
}

/**
 * Finds the memories that answer a question. Authorisation is the caller's. One embedding, and one search a
 * strategy and bank, side by side; the ranking takes about a millisecond of this thread.
 * Errors: `invalid_input`, `cancelled`, and in mode `required` `deadline_exceeded` and `memory_unavailable`.
 */
export async function recall(engine: Engine, query: string, options: RecallOptions): Promise<RecallResult> {
  const call = prepare(engine, query, options);
  try {
    const result = await runBanks(call);
    if (options.mode === "required") raiseIfDegraded(result);
    return result;
  } finally {
    call.search.deadline.done();
    call.total.done();
  }
}

type Call = {
  start: number;
  options: RecallOptions;
  banks: string[];
  maxResults: number;
  maxTokens: number | undefined;
  search: Search;
  /** The deadline of the whole call; the one in `search` comes a little earlier. */
  total: Deadline;
  externals: MemoryHit[];
  vectorsOfExternals: Promise<Float32Array[]>;
};

function prepare(engine: Engine, question: string, options: RecallOptions): Call {
  const { clock, embedder, settings } = engine;
  const now = clock.now();
  const filter = toFilter(options, now);
  const maxResults = options.maxResults ?? MAX_RESULTS;
  if (!Number.isInteger(maxResults) || maxResults < 1) {
    throw new AstrocyteError("invalid_input", "[recall] maxResults must be a whole number from 1.");
  }
  const banks = recallBanks(options);
  const ms = options.deadlineMs ?? settings.recallDeadlineMs;
  const searching = ms === undefined ? undefined : ms - Math.min(READING.most, ms * READING.share);
  const { signal } = options;
  const deadline = startDeadline({ clock, timeoutMs: searching, signal, what: "[recall] search" });
  const embed = async (texts: string[]) =>
    texts.length > 0 ? embedder.embed(texts, { signal: deadline.signal }) : [];
  const externals = (options.externalContext ?? []).map((hit, i) => toExternalHit(hit, i, now));
  return {
    start: performance.now(),
    options,
    banks,
    maxResults,
    maxTokens: options.maxTokens ?? settings.recallMaxTokens,
    search: {
      engine,
      question,
      filter,
      deadline,
      cues: readCues(question, filter.asOf ?? now),
      vector: handled(embed([question]).then(([vector]) => vector!)),
      report: newReport(),
      maxResults,
    },
    total: startDeadline({ clock, timeoutMs: ms, signal, what: "[recall] reading" }),
    externals,
    vectorsOfExternals: handled(embed(externals.map(({ text }) => text))),
  };
}

function toFilter({ tags, timeRange, sessionId, asOf }: RecallOptions, now: number): SearchFilter {
  return {
    now,
    ...(tags && { tags }),
    ...(timeRange?.from !== undefined && { from: toMs(timeRange.from, "timeRange.from") }),
    ...(timeRange?.to !== undefined && { to: toMs(timeRange.to, "timeRange.to") }),
    ...(sessionId !== undefined && { sessionId }),
    ...(asOf !== undefined && { asOf: toMs(asOf, "asOf") }),
  };
}

/** Whoever waits for it sees the failure; perhaps nobody does. */
function handled<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

/** `cascade` stops at the bank that makes it enough, `first_match` at the first that knows anything. */
async function runBanks(call: Call): Promise<RecallResult> {
  const { banks, search, maxResults } = call;
  const strategy = call.options.strategy ?? "parallel";
  if (strategy === "parallel") {
    return rank(call, await Promise.all(banks.map((bank) => searchBank(search, bank))));
  }
  const found: Found[] = [];
  for (const bank of banks) {
    if (strategy === "first_match") found.length = 0;
    found.push(await searchBank(search, bank));
    const result = await rank(call, found);
    const enough = result.hits.length >= (strategy === "first_match" ? 1 : maxResults);
    if (enough || bank === banks.at(-1)) return result;
  }
  throw new AstrocyteError("internal", "[recall] no bank was searched.");
}

async function rank(call: Call, inBanks: Found[]): Promise<RecallResult> {
  const { search, maxResults, options, maxTokens } = call;
  const { report, cues, question } = search;
  const { pool, found, totalCandidates } = await readPool(call, inBanks);
  const fits = anythingFits(question, pool, found, search.engine.embedder.embeddingModel);
  const degraded = report.late.length > 0 || Object.keys(report.failed).length > 0;
  const refined = fits ? refine(pool, cues) : [];
  const complete = await reading(call, refined, (store, filter) => withSuccessors(store, refined, filter));
  const best = dropDuplicates(newerFirst(orderSuperseded(complete)), maxResults);
  const shown =
    options.detailLevel === "titles" ? best.map((hit) => ({ ...hit, text: title(hit.text) })) : best;
  const { hits, cut } = withinBudget(shown, maxTokens);
  const totalAvailable = fits ? totalCandidates : 0;
  return {
    hits,
    totalAvailable,
    truncated: hits.length < totalAvailable,
    nothingFits: !fits && (pool.length > 0 || !degraded),
    degraded,
    trace: {
      ...report,
      totalCandidates,
      fusionMethod: "normalised-linear",
      latencyMs: since(call.start),
      cut,
      ...(cues.time && { timeRange: cues.time }),
      cacheHit: false,
    },
  };
}

type Pool = { pool: MemoryHit[]; found: Found[]; totalCandidates: number };

/** The best candidates with their texts, external hits among them under the same scores. */
async function readPool(call: Call, found: Found[]): Promise<Pool> {
  const { externals, maxResults, search } = call;
  const fused = fuse(found);
  const size = poolSize(maxResults);
  const extra = new Set(found.flatMap((one) => one.extra ?? []));
  const top = fused.filter(({ id }, rank) => rank < size || extra.has(id));
  const pool = await reading(call, [], (store, filter) => fetchHits(store, top, filter));
  if (externals.length === 0) return { pool, found, totalCandidates: fused.length };
  const external = searchExternal(search.question, externals, await externalVectors(call), pool, found);
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

async function externalVectors({ search, vectorsOfExternals }: Call): Promise<ExternalVectors | undefined> {
  const vectors = await runStrategy(search, "external", async () => {
    const [question, externals] = await Promise.all([search.vector, vectorsOfExternals]);
    return { question, externals };
  });
  return vectors;
}

/** Reads from the store within the deadline of the whole call; without an answer it goes on with `without`. */
async function reading(
  { search, total }: Call,
  without: MemoryHit[],
  work: (store: MemoryStore, filter: SearchFilter) => Promise<MemoryHit[]>,
): Promise<MemoryHit[]> {
  const { engine, filter, report } = search;
  const hits = await runStrategy({ deadline: total, report }, "rows", () => work(engine.store, filter));
  return hits ?? without;
}

function raiseIfDegraded({ trace }: RecallResult): void {
  const [failed] = Object.entries(trace.failed);
  if (trace.late.length > 0) {
    throw new AstrocyteError(
      "deadline_exceeded",
      `[recall] ${trace.late.join(", ")} had not answered at the deadline. Allow more time or use mode best-effort.`,
    );
  }
  if (failed) {
    throw new AstrocyteError(
      "memory_unavailable",
      `[recall] ${failed[0]} failed with ${failed[1]}. Mend it or use mode best-effort.`,
      { details: trace.failed },
    );
  }
}

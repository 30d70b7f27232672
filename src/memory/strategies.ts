import { type Deadline, raceAbort } from "../core/deadline.ts";
import { AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import type { Cues } from "./ranking/cues.ts";
import type { Found } from "./ranking/fuse.ts";
import type { Candidates, MemoryReads, SearchFilter } from "./store.ts";
import type { RecallTrace } from "./types.ts";

/** How many candidates a strategy may bring, and how many of them are read and looked at closely. */
const BREADTH = { least: 100, each: 15, beyond: 140 };
const POOL = { least: 24, each: 4, beyond: 30 };
/** Memories of a named time, or the newest, that join whatever their words are. */
const EXTRAS = 40;

export type StrategyReport = Pick<
  RecallTrace,
  "strategiesUsed" | "strategyTimingsMs" | "strategyCandidateCounts" | "late" | "failed"
>;

export type Search = {
  store: MemoryReads;
  embeddingModel: string;
  question: string;
  cues: Cues;
  filter: SearchFilter;
  /** The question's vector, one for all banks; absent when none came. */
  vector?: Promise<Float32Array>;
  deadline: Deadline;
  report: StrategyReport;
  maxResults: number;
};

export function newReport(): StrategyReport {
  return { strategiesUsed: [], strategyTimingsMs: {}, strategyCandidateCounts: {}, late: [], failed: {} };
}

/** So many of what was found are worth a close look. */
export function poolSize(maxResults: number): number {
  return sizeOf(POOL, maxResults);
}

/** Some for each memory asked for, but not many beyond them. */
function sizeOf({ least, each, beyond }: typeof POOL, maxResults: number): number {
  return Math.max(least, Math.min(each * maxResults, maxResults + beyond));
}

/** Runs every strategy on one bank side by side; what is late or fails is named in the report and left out. */
export async function searchBank(search: Search, bankId: string): Promise<Found> {
  const { question, cues, filter, vector } = search;
  const breadth = sizeOf(BREADTH, search.maxResults);
  const { search: store } = search.store;
  const named = cues.time && overlap(filter, cues.time);
  const run = async (name: string, work: () => Promise<Candidates>) => {
    const { strategiesUsed, strategyCandidateCounts: counts } = search.report;
    if (!strategiesUsed.includes(name)) strategiesUsed.push(name);
    const found = await runStrategy(search, name, work);
    if (found) counts[name] = (counts[name] ?? 0) + found.ids.length;
    return found;
  };
  const [lexical, dense, time, recent] = await Promise.all([
    run("lexical", () => store.lexical(bankId, question, filter, breadth)),
    vector && run("dense", () => searchDense(search, vector, bankId, breadth)),
    named && run("time", () => store.recent(bankId, { ...filter, ...named }, EXTRAS)),
    cues.latest ? run("recent", () => store.recent(bankId, filter, EXTRAS)) : undefined,
  ]);
  return {
    bankId,
    ...(lexical && { lexical }),
    ...(dense && { dense }),
    extra: [...(time?.ids ?? []), ...(recent?.ids ?? [])],
  };
}

async function searchDense(
  { store, embeddingModel, filter }: Search,
  question: Promise<Float32Array>,
  bankId: string,
  breadth: number,
): Promise<Candidates> {
  const [vector, bank] = await Promise.all([question, store.banks.get(bankId)]);
  if (!bank) return { ids: [], scores: [], contexts: [], matched: 0 };
  if (bank.embeddingModel !== embeddingModel) {
    throw new AstrocyteError(
      "embedding_model_changed",
      `[recall] bank ${bankId} holds vectors of ${bank.embeddingModel}, the embedder is ${embeddingModel}. Reindex the bank.`,
    );
  }
  return store.search.dense(bankId, vector, filter, breadth);
}

/**
 * One strategy under the deadline; undefined when it is late or fails, which the report then names. Over
 * several banks its time is the longest and its count the sum. Errors: `cancelled`.
 */
export async function runStrategy<T>(
  { deadline, report }: Pick<Search, "deadline" | "report">,
  name: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const { signal } = deadline;
  const start = performance.now();
  try {
    return await raceAbort(work(), signal);
  } catch (error) {
    // What was stopped may fail in its own way: the signal knows why it was.
    const { code } = toAstrocyteError(signal.aborted ? signal.reason : error);
    if (code === "cancelled") throw signal.reason ?? error;
    if (!signal.aborted) report.failed[name] = code;
    else if (!report.late.includes(name)) report.late.push(name);
    return undefined;
  } finally {
    report.strategyTimingsMs[name] = Math.max(report.strategyTimingsMs[name] ?? 0, since(start));
  }
}

/** Milliseconds since a `performance.now()`, to a hundredth: the injected clock counts whole ones only. */
export function since(start: number): number {
  return Math.round((performance.now() - start) * 100) / 100;
}

function overlap(
  filter: SearchFilter,
  span: { from: number; to: number },
): { from: number; to: number } | undefined {
  const from = Math.max(filter.from ?? Number.NEGATIVE_INFINITY, span.from);
  const to = Math.min(filter.to ?? Number.POSITIVE_INFINITY, span.to);
  return from < to ? { from, to } : undefined;
}

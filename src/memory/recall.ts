import { type Deadline, startDeadline } from "../core/deadline.ts";
import { AstrocyteError } from "../core/errors.ts";
import { workerUrl } from "../core/worker-pool.ts";
import type { Engine } from "./engine.ts";
import { type Question, type QuestionVectors, type Ranked, rankBanks } from "./ranked.ts";
import type { RankTask } from "./ranked-task.ts";
import { title, withinBudget } from "./ranking/budget.ts";
import { toExternalHit } from "./ranking/external.ts";
import type { SearchFilter } from "./store.ts";
import { newReport, runStrategy, type StrategyReport, since } from "./strategies.ts";
import { toMs } from "./time.ts";
import type { RecallOptions, RecallResult } from "./types.ts";

const MAX_RESULTS = 10;
/** Share of the deadline, and its most in milliseconds, that is kept for reading what was found. */
const READING = { share: 0.2, most: 20 };
/** Share of the deadline after which the question's vector is no longer waited for. */
const EMBEDDING = 0.6;
const TASK = workerUrl("./ranked-task", import.meta.url);

/** The banks that a call means, in its order. Errors: `invalid_input` when it names none. */
export function recallBanks({ bankId, banks }: Pick<RecallOptions, "bankId" | "banks">): string[] {
  const named = [...new Set([...(bankId === undefined ? [] : [bankId]), ...(banks ?? [])])];
  if (named.length > 0) return named;
  throw new AstrocyteError("invalid_input", "[recall] no bank is named. Give bankId or banks.");
}

/**
 * Finds the memories that answer a question. Authorisation is the caller's. One embedding, and one call of a
 * store that can rank beside its data; another one is asked for each strategy and bank, side by side.
 * Errors: `invalid_input`, `cancelled`, and in mode `required` `deadline_exceeded` and `memory_unavailable`.
 */
export async function recall(engine: Engine, query: string, options: RecallOptions): Promise<RecallResult> {
  const start = performance.now();
  const question = toQuestion(engine, query, options);
  await loaded(engine);
  const timeoutMs = options.deadlineMs ?? engine.settings.recallDeadlineMs;
  const call: Call = {
    ...{ engine, question, timeoutMs, signal: options.signal },
    total: startDeadline({ clock: engine.clock, timeoutMs, signal: options.signal, what: "[recall]" }),
  };
  try {
    const ranked = await (engine.store.beside ? beside(call) : here(call));
    const result = toResult(ranked, options, options.maxTokens ?? engine.settings.recallMaxTokens, start);
    if (options.mode === "required") raiseIfDegraded(result);
    return result;
  } finally {
    call.total.done();
  }
}

/** Loads what the first recall would load: the embedder's model and, in the store's threads, the ranking. */
export async function warmUp(engine: Engine): Promise<void> {
  await Promise.all([engine.embedder.warm?.(), loaded(engine)]);
}

const loading = new WeakMap<Engine["store"], Promise<unknown>>();

/** Once a store: its threads load the ranking. That takes longer than a question may, and is not the question's fault. */
async function loaded({ store, embedder }: Engine): Promise<void> {
  const { embeddingModel } = embedder;
  const nothing: Question = {
    ...{ text: "", banks: [], strategy: "parallel", maxResults: 1, embeddingModel, externals: [] },
    filter: { now: 0 },
  };
  const task: RankTask = { question: nothing };
  const known = loading.get(store) ?? store.beside?.(TASK, task, "").catch(() => {});
  if (known) loading.set(store, known);
  await known;
}

type Call = {
  engine: Engine;
  question: Question;
  timeoutMs: number | undefined;
  signal: AbortSignal | undefined;
  total: Deadline;
};

function toQuestion({ clock, embedder }: Engine, text: string, options: RecallOptions): Question {
  const now = clock.now();
  const { maxResults = MAX_RESULTS, strategy = "parallel", externalContext = [] } = options;
  if (!Number.isInteger(maxResults) || maxResults < 1) {
    throw new AstrocyteError("invalid_input", "[recall] maxResults must be a whole number from 1.");
  }
  const externals = externalContext.map((hit, i) => toExternalHit(hit, i, now));
  const { embeddingModel } = embedder;
  const banks = recallBanks(options);
  return { text, banks, strategy, maxResults, filter: toFilter(options, now), embeddingModel, externals };
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

/** Every call goes to the store by itself; words are searched while the vector is made. */
async function here(call: Call): Promise<Ranked> {
  const { engine, question, timeoutMs, total } = call;
  const search = earlier(call, timeoutMs && timeoutMs - Math.min(READING.most, timeoutMs * READING.share));
  try {
    return await rankBanks(engine.store, question, embed(call, search), { search, total });
  } finally {
    search.done();
  }
}

/** The whole ranking in one of the store's threads: one message there, one back, and none of it in this thread. */
async function beside(call: Call): Promise<Ranked> {
  const { engine, question, timeoutMs, total } = call;
  const report = newReport();
  const embedding = earlier(call, timeoutMs && timeoutMs * EMBEDDING);
  const { question: vector, externals } = embed(call, embedding);
  const vectors = await runStrategy({ deadline: embedding, report }, "dense", async () => {
    const [own, others] = await Promise.all([vector, externals]);
    return { question: own, externals: others };
  }).finally(() => embedding.done());
  const task: RankTask = { question, ...(vectors && { vectors }) };
  const ranked = await runStrategy({ deadline: total, report }, "search", () =>
    engine.store.beside!<Ranked>(TASK, task, question.banks[0]!, total.signal),
  );
  if (!ranked) return { best: [], totalCandidates: 0, fits: false, found: false, report };
  return { ...ranked, report: together(ranked.report, report) };
}

/** What kept the vector from coming, beside what the ranking tells of itself. */
function together(ranked: StrategyReport, { late, failed }: StrategyReport): StrategyReport {
  return { ...ranked, late: [...late, ...ranked.late], failed: { ...failed, ...ranked.failed } };
}

function earlier({ engine, signal }: Call, timeoutMs: number | undefined): Deadline {
  return startDeadline({ clock: engine.clock, timeoutMs, signal, what: "[recall] search" });
}

function embed({ engine, question }: Call, { signal }: Deadline): QuestionVectors {
  const { embedder } = engine;
  const others = question.externals.map(({ text }) => text);
  return {
    question: handled(embedder.embed([question.text], { signal }).then(([vector]) => vector!)),
    externals: handled(others.length > 0 ? embedder.embed(others, { signal }) : Promise.resolve([])),
  };
}

/** Whoever waits for it sees the failure; perhaps nobody does. */
function handled<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

function toResult(
  { best, totalCandidates, fits, found, report, time }: Ranked,
  { detailLevel }: RecallOptions,
  maxTokens: number | undefined,
  start: number,
): RecallResult {
  const degraded = report.late.length > 0 || Object.keys(report.failed).length > 0;
  const shown = detailLevel === "titles" ? best.map((hit) => ({ ...hit, text: title(hit.text) })) : best;
  const { hits, cut } = withinBudget(shown, maxTokens);
  const totalAvailable = fits ? totalCandidates : 0;
  return {
    hits,
    totalAvailable,
    truncated: hits.length < totalAvailable,
    nothingFits: !fits && (found || !degraded),
    degraded,
    trace: {
      ...report,
      totalCandidates,
      fusionMethod: "normalised-linear",
      latencyMs: since(start),
      cut,
      ...(time && { timeRange: time }),
      cacheHit: false,
    },
  };
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

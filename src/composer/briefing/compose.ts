import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { withSpan } from "../../core/telemetry.ts";
import type {
  MemoryHit,
  RecallOptions,
  RecallResult,
  ReflectOptions,
  ReflectResult,
} from "../../memory/types.ts";
import type { BriefingRequest } from "../parts.ts";
import type { Briefing, SourceRecord } from "../types.ts";
import type { Judge } from "./judge.ts";
import { type Doubt, doubtful, type Reflection } from "./precedence.ts";
import { type RenderInput, renderBriefing } from "./render.ts";
import type { SystemOfRecord } from "./sources/index.ts";

/** What a briefing needs of memory; the class `Astrocyte` has it. */
export type BriefingMemory = {
  recall(query: string, options: RecallOptions): Promise<RecallResult>;
  reflect(query: string, options: ReflectOptions): Promise<ReflectResult>;
};

/** What briefings are composed from. */
export type BriefingDeps = {
  sources: ReadonlyMap<string, SystemOfRecord>;
  memory: BriefingMemory;
  clock: Clock;
  judge?: Judge;
  /** Milliseconds: 2000 for a recall, 8000 for the reflection, 1500 for all of the judge's answers. */
  timeouts?: { recallMs?: number; reflectMs?: number; judgeMs?: number };
};

type Part<T> = { name: string; required: boolean; value?: T; code?: string; failure?: AstrocyteError };

/** Questions that one briefing may put to the judge. */
const MAX_JUDGED = 8;

/**
 * Composes the briefing of one session: sources, recalls and the reflection side by side, each under its own
 * timeout, so it takes as long as the slowest. What failed is in `failed`. Errors: `source_failed` or
 * `memory_unavailable` when something required failed; `access_denied`; `invalid_input` when the prompt alone
 * is too long for the vendor.
 */
export function createBriefer(deps: BriefingDeps): (request: BriefingRequest) => Promise<Briefing> {
  return (request) =>
    withSpan("briefing.compose", { persona: request.persona.id }, async () => {
      const [sources, recalls, reflection] = await Promise.all([
        Promise.all(request.persona.sources.map((name) => readSource(name, deps, request))),
        Promise.all(request.persona.recall.map((_question, index) => recall(index, deps, request))),
        reflect(deps, request),
      ]);
      const parts = [...sources, ...recalls, reflection];
      for (const part of parts) assertUsable(part);
      const input = inputFrom(request, deps, sources, recalls, reflection);
      const judged = await judge(input, deps);
      return renderBriefing({
        ...input,
        judged: judged.value ?? [],
        failed: [...parts, judged].flatMap(({ name, code }) => (code ? [{ name, code }] : [])),
      });
    });
}

function inputFrom(
  { persona, subject, capabilities, unverified = false }: BriefingRequest,
  { clock }: BriefingDeps,
  sources: Part<SourceRecord>[],
  recalls: Part<MemoryHit[]>[],
  reflection: Part<Reflection>,
): RenderInput {
  const { limit } = capabilities.briefing;
  return {
    persona,
    sorBlocks: sources.flatMap(({ value }) => value ?? []),
    astrocyteHits: recalls.flatMap(({ value }) => value ?? []),
    ...(reflection.value && { reflection: reflection.value }),
    names: [subject.id],
    limits: limit ? [limit] : [],
    speaksMarkup: capabilities.speaksMarkup,
    unverified,
    now: clock.now(),
  };
}

async function readSource(
  name: string,
  { sources }: BriefingDeps,
  { subject }: BriefingRequest,
): Promise<Part<SourceRecord>> {
  const source = sources.get(name);
  if (!source) {
    throw new AstrocyteError(
      "config_invalid",
      `[briefing] the persona names the source ${name}, which does not exist. Add it under sources.`,
    );
  }
  // The source keeps its own timeout, because it may answer from its cache when the time is up.
  const part = await attempt(name, source.required, () => source.fetch(subject));
  return part.value?.error ? { ...part, code: part.value.error } : part;
}

async function recall(
  index: number,
  deps: BriefingDeps,
  request: BriefingRequest,
): Promise<Part<MemoryHit[]>> {
  const { query, maxResults, required = false } = request.persona.recall[index]!;
  const name = `recall:${index + 1}`;
  const timeoutMs = deps.timeouts?.recallMs ?? 2000;
  const part = await attempt(name, required, () =>
    withDeadline({ clock: deps.clock, timeoutMs, what: `[briefing] ${name}` }, (signal) =>
      deps.memory.recall(query, { banks: request.banks, context: request.context, maxResults, signal }),
    ),
  );
  const { value, ...rest } = part;
  if (!value) return rest;
  return { ...rest, value: value.hits.map(withCall), ...(value.degraded && { code: "degraded" }) };
}

/** A summary, or what a tool stored, is no part of the talk, but its metadata names the call that it comes from. */
function withCall(hit: MemoryHit): MemoryHit {
  const call = hit.metadata["session_id"];
  return hit.sessionId === undefined && typeof call === "string" ? { ...hit, sessionId: call } : hit;
}

async function reflect(
  deps: BriefingDeps,
  { persona, banks, context }: BriefingRequest,
): Promise<Part<Reflection>> {
  const question = persona.reflect;
  if (question === undefined) return { name: "reflect", required: false };
  const timeoutMs = deps.timeouts?.reflectMs ?? 8000;
  const { value, ...part } = await attempt("reflect", false, () =>
    withDeadline({ clock: deps.clock, timeoutMs, what: "[briefing] reflect" }, (signal) =>
      deps.memory.reflect(question, { banks, context, signal }),
    ),
  );
  if (!value || value.method === "unknown") return part;
  const { answer: text, citations, sources } = value;
  const saidAt = Math.max(0, ...sources.map(({ occurredAt }) => occurredAt)) || deps.clock.now();
  return { ...part, value: { text, citations, saidAt } };
}

async function attempt<T>(name: string, required: boolean, work: () => Promise<T>): Promise<Part<T>> {
  try {
    return { name, required, value: await work() };
  } catch (error) {
    const failure = toAstrocyteError(error);
    // A bank that nobody has written to yet holds nothing: that is an answer.
    if (failure.code === "not_found") return { name, required };
    return { name, required, code: failure.code, failure };
  }
}

/** A denial ends the briefing whatever was asked for; a failure only where it was marked required. */
function assertUsable({ name, required, failure }: Part<unknown>): void {
  if (failure?.code === "access_denied") throw failure;
  if (!failure || !required) return;
  const memory = name.startsWith("recall");
  throw new AstrocyteError(
    memory ? "memory_unavailable" : "source_failed",
    `[briefing] ${name} is required and failed (${failure.code}). Check it, or mark it as not required.`,
    { cause: failure, retryable: failure.retryable, details: { name, code: failure.code } },
  );
}

async function judge(input: RenderInput, deps: BriefingDeps): Promise<Part<Doubt[]>> {
  const part = { name: "judge", required: false };
  const ask = deps.judge;
  if (!ask) return part;
  const { sorBlocks: records, astrocyteHits: hits, names = [], now } = input;
  const doubts = doubtful({ records, hits, names, now }).slice(0, MAX_JUDGED);
  if (doubts.length === 0) return part;
  const timeoutMs = deps.timeouts?.judgeMs ?? 1500;
  return attempt("judge", false, () =>
    withDeadline({ clock: deps.clock, timeoutMs, what: "[briefing] judge" }, async (signal) => {
      const verdicts = await Promise.all(
        doubts.map(({ hit, fact }) =>
          ask({ memory: hit.text, label: fact.label, value: String(fact.value) }, signal),
        ),
      );
      return doubts.filter((_doubt, index) => verdicts[index] === "contradicts");
    }),
  );
}

import type { Attributes } from "@opentelemetry/api";
import { meter } from "../core/telemetry.ts";
import type { OpenUpstream } from "./ask.ts";
import type { Binding } from "./bind.ts";
import type { Report, TokenUsage } from "./report.ts";
import type { ChatRequest } from "./request.ts";
import type { UpstreamHeaders } from "./upstream-call.ts";
import { conventionOf, costOf, type Upstream } from "./upstreams.ts";

/** `ok`: asked, and answered in time; `degraded`: late or broken; `none`: not asked. */
export type MemoryStatus = "ok" | "degraded" | "none";

/** One turn, from the request's first byte to the answer's last. Ids, counts and times; never content. */
export type TurnTrace = {
  turnId: string;
  sessionId?: string;
  /** Name of the API key, when no session is bound. */
  key?: string;
  model?: string;
  responseModel?: string;
  upstream?: string;
  /** Upstream calls begun, retries and tool rounds included. */
  attempts: number;
  streamed: boolean;
  status: number;
  outcome: "completed" | "cancelled" | "failed";
  /** Error code, when failed. */
  error?: string;
  memory: MemoryStatus;
  hits: number;
  /** The hits were found for the same question a moment before. */
  reused: boolean;
  toolCalls: number;
  finishReason?: string;
  usage?: TokenUsage;
  cents?: number;
  /** Milliseconds since the request: bound, recalled, the upstream's first byte, the first byte out, the end. */
  at: Partial<Record<Moment, number>>;
};

export type Moment = "bound" | "read" | "recalled" | "asked" | "upstream" | "out" | "end";

const TURN = meter.createHistogram("astrocyte.brain.turn", { unit: "ms" });
const FIRST_BYTE = meter.createHistogram("astrocyte.brain.first_byte", { unit: "ms" });
const RECALLS = meter.createCounter("astrocyte.brain.recalls");

/** A trace being written, with its own stop watch. */
export class TurnClock {
  readonly trace: TurnTrace;
  readonly #start = performance.now();
  #recallMs = 0;

  constructor(turnId: string) {
    this.trace = {
      turnId,
      attempts: 0,
      streamed: false,
      status: 0,
      outcome: "failed",
      memory: "none",
      hits: 0,
      reused: false,
      toolCalls: 0,
      at: {},
    };
  }

  /** Notes the first time that a moment is reached. */
  mark(moment: Moment): void {
    this.trace.at[moment] ??= round(performance.now() - this.#start);
  }

  bound({ session, key }: Binding, { model, stream }: ChatRequest): void {
    Object.assign(this.trace, {
      streamed: stream,
      ...(model !== undefined && { model }),
      ...(session && { sessionId: session.sessionId }),
      ...(key && { key: key.name }),
    });
    this.mark("bound");
  }

  recalled(ms: number): void {
    this.#recallMs = ms;
    this.mark("recalled");
  }

  /** Adds up what the calls of a turn used. */
  round(upstream: OpenUpstream, headers: UpstreamHeaders, report: Report | undefined): void {
    const { trace } = this;
    trace.upstream = upstream.name;
    if (report?.finishReason) trace.finishReason = report.finishReason;
    if (report?.model) trace.responseModel = report.model;
    if (!report?.usage) return;
    trace.usage = sum(trace.usage, report.usage);
    const cents = centsOf(upstream.config, headers, report.usage);
    if (cents !== undefined) trace.cents = (trace.cents ?? 0) + cents;
  }

  /** What is known when the head of the answer is written. */
  serverTiming(): string {
    const { bound = 0, asked = 0, upstream } = this.trace.at;
    const parts = [`bind;dur=${bound}`];
    if (this.trace.memory !== "none") parts.push(`recall;dur=${round(this.#recallMs)}`);
    if (asked > 0) parts.push(`brain;dur=${asked}`);
    if (upstream !== undefined) parts.push(`upstream;dur=${round(upstream - asked)}`);
    return parts.join(", ");
  }

  /** By the GenAI semantic conventions. */
  spanAttributes(): Attributes {
    const { upstream, responseModel, finishReason, usage, memory, hits } = this.trace;
    return {
      "astrocyte.memory": memory,
      "astrocyte.hits": hits,
      ...(upstream && { "astrocyte.upstream": upstream }),
      ...(responseModel && { "gen_ai.response.model": responseModel }),
      ...(finishReason && { "gen_ai.response.finish_reasons": [finishReason] }),
      ...(usage && {
        "gen_ai.usage.input_tokens": usage.inputTokens,
        "gen_ai.usage.output_tokens": usage.outputTokens,
      }),
    };
  }

  /** What the session's counters grow by. */
  counters(): Record<string, number> {
    const { usage, cents } = this.trace;
    return {
      llm_turns: 1,
      ...(usage && {
        llm_input_tokens: usage.inputTokens,
        llm_output_tokens: usage.outputTokens,
        llm_cached_tokens: usage.cachedTokens,
      }),
      ...(cents !== undefined && { llm_cents: cents }),
    };
  }

  end(): TurnTrace {
    this.mark("end");
    const { outcome, memory, upstream = "", at } = this.trace;
    TURN.record(at.end!, { outcome, upstream });
    if (at.out !== undefined) FIRST_BYTE.record(at.out, { upstream, memory });
    RECALLS.add(1, { memory });
    return this.trace;
  }
}

function sum(a: TokenUsage | undefined, b: TokenUsage): TokenUsage {
  return {
    inputTokens: (a?.inputTokens ?? 0) + b.inputTokens,
    outputTokens: (a?.outputTokens ?? 0) + b.outputTokens,
    cachedTokens: (a?.cachedTokens ?? 0) + b.cachedTokens,
  };
}

/** Told in the usage, in a header (US dollars), or from configured prices. */
function centsOf(upstream: Upstream, headers: UpstreamHeaders, usage: TokenUsage): number | undefined {
  if (upstream.kind === "none") return undefined;
  const header = upstream.kind === "provider" ? undefined : conventionOf(upstream.kind).costHeader;
  const dollars = header === undefined ? Number.NaN : Number.parseFloat(String(headers[header] ?? ""));
  return dollars > 0 ? dollars * 100 : costOf(usage, upstream.prices);
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

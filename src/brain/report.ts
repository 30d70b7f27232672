import { isObject } from "./request.ts";

/** What an answer says about itself, read beside it without touching its bytes. */
export type Report = {
  usage?: TokenUsage;
  finishReason?: string;
  model?: string;
  /** `[DONE]` was there. */
  done: boolean;
};

export type TokenUsage = {
  inputTokens: number;
  outputTokens: number;
  /** Of the input, what came from the provider's prompt cache. */
  cachedTokens: number;
  /** In US cents, where the upstream tells (OpenRouter: `usage.cost`). */
  cents?: number;
};

/** Enough for the last events: usage with all its details, finish reason, `[DONE]`. */
const TAIL = 4_096;
const MANY = 8;

const JSON_LINE = /^data: ?\{/;
const DONE = /^data: ?\[DONE\]\s*$/m;
/** Every event has the names; few have values. What follows the first of them is near the end. */
const TELLING = /"(?:finish_reason"\s*:\s*"|usage"\s*:\s*\{)/;

/** Keeps the end of a stream: what counts is told there. */
export class Tail {
  #chunks: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes - this.#chunks[0]!.length >= TAIL) this.#bytes -= this.#chunks.shift()!.length;
    // A chunk holds on to the whole read that it came in: a long stream keeps copies instead.
    if (this.#chunks.length > MANY) this.#chunks = [Buffer.concat(this.#chunks).subarray(-TAIL)];
    if (this.#chunks.length === 1) this.#bytes = this.#chunks[0]!.length;
  }

  report(): Report {
    const report: Report = { done: false };
    const text = Buffer.concat(this.#chunks).toString("utf8");
    report.done = DONE.test(text.slice(-64));
    const from = TELLING.exec(text)?.index;
    if (from === undefined) return report;
    const lines = text.slice(Math.max(text.lastIndexOf("data:", from), 0)).split(/[\r\n]+/);
    for (const line of lines.reverse()) if (JSON_LINE.test(line)) readInto(report, line.slice(5));
    return report;
  }
}

/** The report of an answer in one piece. */
export function reportOf(body: string): Report {
  const report: Report = { done: true };
  readInto(report, body);
  return report;
}

function readInto(report: Report, json: string): void {
  const value = parsed(json);
  if (!isObject(value)) return;
  const usage = usageOf(value["usage"]);
  if (usage) report.usage ??= usage;
  if (typeof value["model"] === "string") report.model ??= value["model"];
  const choices: unknown[] = Array.isArray(value["choices"]) ? value["choices"] : [];
  const reason = choices.filter(isObject).map((choice) => choice["finish_reason"]);
  const given = reason.find((each) => typeof each === "string");
  if (typeof given === "string") report.finishReason ??= given;
}

function usageOf(usage: unknown): TokenUsage | undefined {
  if (!isObject(usage)) return undefined;
  const details = usage["prompt_tokens_details"];
  const cost = usage["cost"];
  return {
    inputTokens: count(usage["prompt_tokens"]),
    outputTokens: count(usage["completion_tokens"]),
    cachedTokens: isObject(details) ? count(details["cached_tokens"]) : 0,
    ...(typeof cost === "number" && Number.isFinite(cost) ? { cents: cost * 100 } : {}),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

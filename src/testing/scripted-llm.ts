import { createHash } from "node:crypto";
import { type Clock, systemClock } from "../core/clock.ts";
import { raceAbort, withDeadline } from "../core/deadline.ts";
import { AstrocyteError } from "../core/errors.ts";
import { checkModalities } from "../memory/llm/modalities.ts";
import type {
  CompleteOptions,
  Completion,
  CompletionChunk,
  EmbedOptions,
  LLMProvider,
  Message,
  Modality,
  ToolCall,
} from "../memory/llm/provider.ts";

/** What one `complete` or `stream` answers; a string is its text. */
export type ScriptedReply =
  | string
  | Error
  | { text?: string; toolCalls?: ToolCall[]; delayMs?: number; finishReason?: Completion["finishReason"] };

export type ScriptedCall =
  | { verb: "complete" | "stream"; messages: Message[]; options: CompleteOptions }
  | { verb: "embed"; texts: string[]; options: EmbedOptions };

/** What it answers and can do; everything has a default. */
export type ScriptedLLMOptions = {
  clock?: Clock;
  /** Answers in order; `reply` answers once they are used up. */
  replies?: ScriptedReply[];
  reply?: (messages: Message[], options: CompleteOptions) => ScriptedReply;
  /** Besides text. */
  modalities?: Modality[];
  /** 256 when absent. */
  dimensions?: number;
  name?: string;
  embeddingModel?: string;
};

/** A provider that answers what it is told. */
export type ScriptedLLM = LLMProvider & {
  /** Every call, in order. */
  readonly calls: ScriptedCall[];
  queue(...replies: ScriptedReply[]): void;
  /** The next calls of `embed` fail with this, one each. */
  failEmbeds(...errors: Error[]): void;
  /** All embeds take this long on the clock. */
  delayEmbeds(ms: number): void;
};

/**
 * An `LLMProvider` for tests: answers what it is told and records what it was asked. Its vectors depend on
 * words alone: the same words give the same direction, shared words a higher cosine, disjoint ones about 0.
 */
export function createScriptedLLM(options: ScriptedLLMOptions = {}): ScriptedLLM {
  const { clock = systemClock, dimensions = 256, name = "scripted" } = options;
  const supported: Modality[] = ["text", ...(options.modalities ?? [])];
  const calls: ScriptedCall[] = [];
  const replies = [...(options.replies ?? [])];
  const embedErrors: Error[] = [];
  let embedDelayMs = 0;

  const limits = ({ timeoutMs, signal }: EmbedOptions) =>
    ({ clock, timeoutMs, signal, code: "llm_timeout", what: `[llm.${name}] the call` }) as const;

  async function answer(
    verb: "complete" | "stream",
    messages: Message[],
    call: CompleteOptions,
  ): Promise<Completion> {
    calls.push({ verb, messages, options: call });
    checkModalities(messages, supported, `llm.${name}`);
    const reply = replies.shift() ?? options.reply?.(messages, call) ?? noReply(name);
    if (reply instanceof Error) throw reply;
    const {
      text = "",
      toolCalls = [],
      delayMs = 0,
      finishReason,
    } = typeof reply === "string" ? { text: reply } : reply;
    await withDeadline(limits(call), (signal) => raceAbort(pause(clock, delayMs), signal));
    return {
      text,
      toolCalls,
      finishReason: finishReason ?? (toolCalls.length > 0 ? "tool_calls" : "stop"),
      usage: { inputTokens: JSON.stringify(messages).length >> 2, outputTokens: text.length >> 2 },
      model: call.model ?? "scripted-1",
    };
  }

  async function* stream(messages: Message[], call: CompleteOptions = {}): AsyncGenerator<CompletionChunk> {
    const { text, toolCalls, finishReason, usage, model } = await answer("stream", messages, call);
    for (const part of text.match(/\s*\S+\s*$|\s*\S+/g) ?? []) yield { type: "text", text: part };
    for (const toolCall of toolCalls) yield { type: "tool_call", toolCall };
    yield { type: "finish", finishReason, usage, model };
  }

  return {
    name,
    embeddingModel: options.embeddingModel ?? `${name}:words@${dimensions}`,
    calls,
    queue: (...more) => void replies.push(...more),
    failEmbeds: (...errors) => void embedErrors.push(...errors),
    delayEmbeds: (ms) => void (embedDelayMs = ms),
    capabilities: () => ({
      completion: true,
      embedding: true,
      modalitiesSupported: supported,
      supportsMultimodalCompletion: supported.length > 1,
      supportsMultimodalEmbedding: false,
    }),
    complete: (messages, call = {}) => answer("complete", messages, call),
    stream,
    async embed(texts, call = {}) {
      calls.push({ verb: "embed", texts, options: call });
      const error = embedErrors.shift();
      if (error) throw error;
      await withDeadline(limits(call), (signal) => raceAbort(pause(clock, embedDelayMs), signal));
      return texts.map((text) => hashVector(text, dimensions));
    },
  };
}

/** Unit vector of a text's words: each word has a fixed pseudo-random direction, and they add up. */
export function hashVector(text: string, dimensions = 256): Float32Array {
  const vector = new Float32Array(dimensions);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  for (const word of words) addDirection(vector, word);
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

function addDirection(vector: Float32Array, word: string): void {
  let state = createHash("sha256").update(word).digest().readUInt32LE(0) | 1;
  for (let i = 0; i < vector.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    vector[i]! += (state >>> 0) / 2 ** 31 - 1;
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => void clock.after(ms, resolve)) : Promise.resolve();
}

function noReply(name: string): never {
  throw new AstrocyteError("llm_failed", `[llm.${name}] No reply is left in the script. Queue one more.`);
}

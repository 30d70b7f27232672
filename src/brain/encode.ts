import type { CompletionChunk, FinishReason, Usage } from "../memory/llm/provider.ts";

/** Answers in OpenAI's own form, for models that do not speak it. */

type Head = { id: string; created: number; model: string };

const REASONS: Record<FinishReason, string> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  content_filter: "content_filter",
  other: "stop",
};

/** Chunks of a completion as the events of `chat.completion.chunk`, `[DONE]` included. */
export class StreamEncoder {
  readonly #head: Head;
  readonly #withUsage: boolean;
  #begun = false;
  #toolCalls = 0;

  constructor(head: Head, withUsage: boolean) {
    this.#head = head;
    this.#withUsage = withUsage;
  }

  encode(chunk: CompletionChunk): string {
    if (chunk.type === "finish") return this.#finish(chunk.finishReason, chunk.usage);
    const role = this.#begun ? {} : { role: "assistant" };
    this.#begun = true;
    if (chunk.type === "text") return this.#event({ ...role, content: chunk.text }, null);
    const { id, name, arguments: args } = chunk.toolCall;
    const call = { index: this.#toolCalls++, id, type: "function", function: { name, arguments: args } };
    return this.#event({ ...role, tool_calls: [call] }, null);
  }

  #finish(reason: FinishReason, usage: Usage): string {
    const head = this.#begun ? {} : { role: "assistant", content: "" };
    const last = this.#event(head, REASONS[reason]);
    const counted = this.#withUsage ? this.#line({ choices: [], usage: usageOf(usage) }) : "";
    return `${last}${counted}data: [DONE]\n\n`;
  }

  #event(delta: Record<string, unknown>, reason: string | null): string {
    return this.#line({ choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }] });
  }

  #line(rest: Record<string, unknown>): string {
    return `data: ${JSON.stringify({ ...this.#head, object: "chat.completion.chunk", ...rest })}\n\n`;
  }
}

/** All chunks of a completion as one `chat.completion`. */
export function encodeWhole(head: Head, chunks: CompletionChunk[]): string {
  const text = chunks.map((chunk) => (chunk.type === "text" ? chunk.text : "")).join("");
  const calls = chunks.flatMap((chunk) => (chunk.type === "tool_call" ? [chunk.toolCall] : []));
  const finish = chunks.find((chunk) => chunk.type === "finish");
  const toolCalls = calls.map(({ id, name, arguments: args }) => ({
    id,
    type: "function",
    function: { name, arguments: args },
  }));
  const message = {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    refusal: null,
    ...(calls.length > 0 && { tool_calls: toolCalls }),
  };
  const choice = {
    index: 0,
    message,
    logprobs: null,
    finish_reason: REASONS[finish?.finishReason ?? "other"],
  };
  const usage = finish && usageOf(finish.usage);
  return JSON.stringify({ ...head, object: "chat.completion", choices: [choice], usage });
}

function usageOf({ inputTokens, outputTokens }: Usage): Record<string, number> {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
}

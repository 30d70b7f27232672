import { AstrocyteError } from "../../../core/errors.ts";
import type { SseEvent } from "../../../core/sse.ts";
import type { Completion, CompletionChunk, FinishReason, ToolCall, Usage } from "../provider.ts";
import { errorFromBody } from "./errors.ts";

/** What `/chat/completions` answers, as far as we read it; servers leave out what they like. */
type Choice = {
  message?: { content?: Content; tool_calls?: WireToolCall[] | null } | null;
  delta?: { content?: Content; tool_calls?: WireToolCall[] | null } | null;
  finish_reason?: string | null;
};
type Content = string | Array<{ type?: string; text?: string }> | null;
type WireToolCall = {
  index?: number;
  id?: string | null;
  function?: { name?: string | null; arguments?: string | null };
};
type WireUsage = { prompt_tokens?: number; completion_tokens?: number } | null;
type Answer = { choices?: Choice[]; usage?: WireUsage; model?: string; error?: unknown };

const FINISH: Record<string, FinishReason> = {
  stop: "stop",
  length: "length",
  max_tokens: "length",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  content_filter: "content_filter",
};

export function toCompletion(body: unknown, model: string, area: string): Completion {
  const answer = (body ?? {}) as Answer;
  const choice = answer.choices?.[0];
  if (answer.error) throw errorFromBody(answer, area);
  if (!choice?.message) throw unreadable(area);
  const calls = (choice.message.tool_calls ?? []).map((call, index) => toToolCall(call, index));
  return {
    text: contentText(choice.message.content),
    toolCalls: calls,
    finishReason: finishReason(choice.finish_reason, calls.length > 0),
    usage: toUsage(answer.usage),
    model: answer.model ?? model,
  };
}

/** Text at once; tool calls when they are whole; then one `finish`. */
export async function* toChunks(
  events: AsyncIterable<SseEvent>,
  requested: string,
  area: string,
): AsyncGenerator<CompletionChunk> {
  const calls = new Map<number, ToolCall>();
  let finish: string | null | undefined;
  let usage: WireUsage = null;
  let model = requested;
  let ended = false;
  for await (const { data } of events) {
    if (data === "[DONE]") {
      ended = true;
      break;
    }
    const answer = parseChunk(data, area);
    const choice = answer.choices?.[0];
    const text = contentText(choice?.delta?.content);
    if (text !== "") yield { type: "text", text };
    for (const part of choice?.delta?.tool_calls ?? []) gather(calls, part);
    finish = choice?.finish_reason ?? finish;
    usage = answer.usage ?? usage;
    model = answer.model || model;
  }
  if (!ended && finish === undefined) {
    throw new AstrocyteError(
      "llm_unavailable",
      `[${area}] The stream ended before the answer did. Try again.`,
    );
  }
  for (const toolCall of calls.values()) yield { type: "tool_call", toolCall };
  yield { type: "finish", finishReason: finishReason(finish, calls.size > 0), usage: toUsage(usage), model };
}

function parseChunk(data: string, area: string): Answer {
  let answer: Answer;
  try {
    answer = JSON.parse(data);
  } catch {
    throw unreadable(area);
  }
  if (answer?.error) throw errorFromBody(answer, area);
  return answer ?? {};
}

function gather(calls: Map<number, ToolCall>, part: WireToolCall): void {
  const index = part.index ?? calls.size;
  const call = calls.get(index);
  if (!call) {
    calls.set(index, toToolCall(part, index));
    return;
  }
  call.name += part.function?.name ?? "";
  call.arguments += part.function?.arguments ?? "";
}

function toToolCall({ id, function: call }: WireToolCall, index: number): ToolCall {
  return { id: id || `call_${index}`, name: call?.name ?? "", arguments: call?.arguments ?? "" };
}

function contentText(content: Content | undefined): string {
  if (typeof content === "string") return content;
  return content?.map((part) => part.text ?? "").join("") ?? "";
}

function finishReason(reason: string | null | undefined, hasCalls: boolean): FinishReason {
  // Some servers say `stop` when the model called a tool.
  if (hasCalls && reason === "stop") return "tool_calls";
  return (reason && FINISH[reason]) || (hasCalls ? "tool_calls" : "other");
}

function toUsage(usage: WireUsage | undefined): Usage {
  return { inputTokens: usage?.prompt_tokens ?? 0, outputTokens: usage?.completion_tokens ?? 0 };
}

function unreadable(area: string): AstrocyteError {
  return new AstrocyteError(
    "llm_failed",
    `[${area}] The answer is not a chat completion. Check llm_provider_config.base_url.`,
  );
}

import { AstrocyteError } from "../../../core/errors.ts";
import type { Completion, CompletionChunk, FinishReason, ToolCall, Usage } from "../provider.ts";
import type {
  AiFinishReason,
  AiGenerateResult,
  AiStream,
  AiStreamPart,
  AiText,
  AiToolCall,
  AiUsage,
} from "./spec.ts";

const FINISH: Record<string, FinishReason> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
};

export function toCompletion(result: AiGenerateResult, model: string): Completion {
  return {
    text: result.content.map((part) => (part.type === "text" ? (part as AiText).text : "")).join(""),
    toolCalls: result.content.flatMap((part) =>
      part.type === "tool-call" ? [toToolCall(part as AiToolCall)] : [],
    ),
    finishReason: toFinishReason(result.finishReason),
    usage: toUsage(result.usage),
    model: result.response?.modelId ?? model,
  };
}

type StreamPart = AiStreamPart & {
  delta?: string;
  modelId?: string;
  error?: unknown;
  finishReason?: AiFinishReason;
  usage?: AiUsage;
};

/** Text at once, whole tool calls, one `finish`. An `error` part is thrown as it is. */
export async function* toChunks(stream: AiStream, requested: string): AsyncGenerator<CompletionChunk> {
  let model = requested;
  let finished = false;
  for await (const part of stream as AsyncIterable<StreamPart>) {
    if (part.type === "text-delta") {
      if (part.delta) yield { type: "text", text: part.delta };
    } else if (part.type === "tool-call") {
      yield { type: "tool_call", toolCall: toToolCall(part as unknown as AiToolCall) };
    } else if (part.type === "response-metadata") model = part.modelId ?? model;
    else if (part.type === "error") throw part.error;
    else if (part.type === "finish") {
      finished = true;
      yield {
        type: "finish",
        finishReason: toFinishReason(part.finishReason),
        usage: toUsage(part.usage),
        model,
      };
    }
  }
  if (finished) return;
  throw new AstrocyteError(
    "llm_unavailable",
    "[llm.ai-sdk] The stream ended before the answer did. Try again.",
  );
}

function toToolCall({ toolCallId, toolName, input }: AiToolCall): ToolCall {
  const text = typeof input === "string" ? input : JSON.stringify(input ?? {});
  return { id: toolCallId, name: toolName, arguments: text };
}

function toFinishReason(reason: AiFinishReason | undefined): FinishReason {
  const word = typeof reason === "object" ? reason.unified : reason;
  return (word && FINISH[word]) || "other";
}

function toUsage(usage: AiUsage | undefined): Usage {
  const count = (tokens: AiUsage["inputTokens"]) => (typeof tokens === "object" ? tokens.total : tokens) ?? 0;
  return { inputTokens: count(usage?.inputTokens), outputTokens: count(usage?.outputTokens) };
}

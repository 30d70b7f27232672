import type { Span } from "@opentelemetry/api";
import { type Attributes, withSpan } from "../../core/telemetry.ts";
import type { Completion, CompletionChunk } from "./provider.ts";

/** Spans of the GenAI semantic conventions: model and counts, never content. */
export function requestAttributes(
  operation: "chat" | "embeddings",
  provider: string,
  model: string,
): Attributes {
  return {
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": provider,
    "gen_ai.request.model": model,
  };
}

export function chatSpan(
  provider: string,
  model: string,
  work: () => Promise<Completion>,
): Promise<Completion> {
  return withSpan("chat", requestAttributes("chat", provider, model), async (span) => {
    const completion = await work();
    setAnswer(span, completion);
    return completion;
  });
}

/** A span that ends with the stream, also when the reader leaves early. */
export async function* chatStreamSpan(
  provider: string,
  model: string,
  source: AsyncIterable<CompletionChunk>,
): AsyncGenerator<CompletionChunk> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let opened: Span | undefined;
  const ended = withSpan("chat", requestAttributes("chat", provider, model), (span) => {
    opened = span;
    return promise;
  });
  // The reader gets the error from the stream itself.
  ended.catch(() => {});
  try {
    for await (const chunk of source) {
      if (chunk.type === "finish" && opened) setAnswer(opened, chunk);
      yield chunk;
    }
  } catch (error) {
    reject(error);
    throw error;
  } finally {
    resolve();
  }
}

function setAnswer(
  span: Span,
  { usage, finishReason, model }: Pick<Completion, "usage" | "finishReason" | "model">,
): void {
  span.setAttributes({
    "gen_ai.response.model": model,
    "gen_ai.response.finish_reasons": [finishReason],
    "gen_ai.usage.input_tokens": usage.inputTokens,
    "gen_ai.usage.output_tokens": usage.outputTokens,
  });
}

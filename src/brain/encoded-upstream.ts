import type { Clock } from "../core/clock.ts";
import type { CompletionChunk, LLMProvider } from "../memory/llm/provider.ts";
import { encodeWhole, StreamEncoder } from "./encode.ts";
import { extractiveAnswer } from "./extractive.ts";
import { messagesOf } from "./prompt.ts";
import { toMessages, toOptions, toTools } from "./spi-messages.ts";
import type { Control, Listener, OpenCall, UpstreamCall } from "./upstream-call.ts";

type Produce = (call: UpstreamCall, signal: AbortSignal) => AsyncIterable<CompletionChunk>;

/** A model behind the LLM Provider SPI as an upstream. */
export function providerUpstream(provider: LLMProvider, clock: Clock): OpenCall {
  return encoded(clock, (call, signal) => produce(provider, call, signal));
}

/** The extractive responder as an upstream: no model, no key. */
export function extractiveUpstream(clock: Clock): OpenCall {
  return encoded(clock, async function* ({ known }) {
    yield* extractiveAnswer(known);
  });
}

async function* produce(
  provider: LLMProvider,
  call: UpstreamCall,
  signal: AbortSignal,
): AsyncIterable<CompletionChunk> {
  const messages = toMessages(messagesOf(call.prompt));
  const options = toOptions(call.prompt.chat);
  const tools = [...(options.tools ?? []), ...toTools(call.tools)];
  const all = {
    ...options,
    ...(tools.length > 0 && { tools }),
    ...(call.model !== undefined && { model: call.model }),
    signal,
  };
  if (provider.stream && call.prompt.chat.stream) return yield* provider.stream(messages, all);
  const { text, toolCalls, ...finish } = await provider.complete(messages, all);
  if (text !== "") yield { type: "text", text };
  for (const toolCall of toolCalls) yield { type: "tool_call", toolCall };
  yield { type: "finish", ...finish };
}

/** Runs a producer of chunks as a call: encoded, with back-pressure, and cancelled at once. */
function encoded(clock: Clock, produce: Produce): OpenCall {
  return (call, listener) => {
    const abort = new AbortController();
    let resume: (() => void) | undefined;
    let paused = false;
    const ready = () => (paused ? new Promise<void>((resolve) => (resume = resolve)) : undefined);
    const chunks = stoppable(produce(call, abort.signal), abort.signal);
    run(call, listener, chunks, ready, clock).catch((error) => {
      if (!abort.signal.aborted) listener.error(error);
    });
    const control: Control = {
      pause() {
        paused = true;
      },
      resume() {
        paused = false;
        resume?.();
      },
      cancel() {
        abort.abort();
        control.resume();
      },
    };
    return control;
  };
}

async function run(
  call: UpstreamCall,
  listener: Listener,
  chunks: AsyncIterable<CompletionChunk>,
  ready: () => Promise<void> | undefined,
  clock: Clock,
): Promise<void> {
  const { chat } = call.prompt;
  const created = Math.floor(clock.now() / 1000);
  const head = { id: `chatcmpl-${call.turnId}`, created, model: call.model ?? chat.model ?? "astrocyte" };
  const encoder = new StreamEncoder(head, chat.wantsUsage || call.askUsage);
  const whole: CompletionChunk[] = [];
  let begun = false;
  for await (const chunk of chunks) {
    if (!chat.stream) {
      whole.push(chunk);
      continue;
    }
    if (!begun) listener.head(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" });
    begun = true;
    listener.data(Buffer.from(encoder.encode(chunk)));
    await ready();
  }
  if (!chat.stream) {
    listener.head(200, { "content-type": "application/json" });
    listener.data(Buffer.from(encodeWhole(head, whole)));
  }
  listener.end();
}

/** Ends at once with the signal, also over a producer that does not look at it. */
async function* stoppable(
  chunks: AsyncIterable<CompletionChunk>,
  signal: AbortSignal,
): AsyncIterable<CompletionChunk> {
  for await (const chunk of chunks) {
    if (signal.aborted) throw signal.reason;
    yield chunk;
  }
}

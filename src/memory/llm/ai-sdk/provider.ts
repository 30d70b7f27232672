import { CircuitBreaker } from "../../../core/breaker.ts";
import { type Clock, systemClock } from "../../../core/clock.ts";
import { raceAbort, startDeadline, withDeadline } from "../../../core/deadline.ts";
import { AstrocyteError } from "../../../core/errors.ts";
import { withSpan } from "../../../core/telemetry.ts";
import { checkModalities, modalitiesOf } from "../modalities.ts";
import type {
  CompleteOptions,
  CompletionChunk,
  EmbedOptions,
  LLMProvider,
  Message,
  Modality,
} from "../provider.ts";
import { chatSpan, chatStreamSpan, requestAttributes } from "../spans.ts";
import { slices, unitVectors } from "../vectors.ts";
import { toChunks, toCompletion } from "./answer.ts";
import type { AiSdkConfig } from "./config.ts";
import { toLlmError } from "./errors.ts";
import { loadEmbeddingModel, loadLanguageModel } from "./load.ts";
import { toCall } from "./prompt.ts";
import type { AiEmbeddingModel, AiLanguageModel } from "./spec.ts";

/** The model objects, or their names, and how they are called. */
export type AiSdkOptions = {
  /** A model object of any AI SDK provider, or `provider/model`. */
  model?: AiLanguageModel | string;
  embeddingModel?: AiEmbeddingModel | string;
  /** Milliseconds a call; 60 000 when absent. */
  timeoutMs?: number;
  modalities?: Modality[];
  /** For models given by name. */
  settings?: { apiKey?: string; baseURL?: string; headers?: Record<string, string> };
  clock?: Clock;
};

const AREA = "llm.ai-sdk";

/**
 * Any language or embedding model of the Vercel AI SDK. Calls the model objects themselves, so `ai` need not
 * be installed; models given by name need their provider's package. Nothing is repeated here.
 */
export function createAiSdkProvider(options: AiSdkOptions): LLMProvider {
  const { timeoutMs = 60_000, clock = systemClock, settings = {} } = options;
  const breaker = new CircuitBreaker({ area: AREA, clock });
  const languageModel = once(options.model, (id) => loadLanguageModel(id, settings), "model");
  const embedder = once(options.embeddingModel, (id) => loadEmbeddingModel(id, settings), "embedding_model");
  const name = nameOf(options.model);
  const supported = options.model ? modalitiesOf(name, options.modalities) : [];
  const limits = (call: CompleteOptions | EmbedOptions, what: string) =>
    ({
      clock,
      timeoutMs: call.timeoutMs ?? timeoutMs,
      signal: call.signal,
      code: "llm_timeout",
      what,
    }) as const;
  const guarded = <T>(call: EmbedOptions, what: string, work: (signal: AbortSignal) => Promise<T>) =>
    breaker.run(() => withDeadline(limits(call, what), work).catch(rethrow(clock)));

  async function* stream(messages: Message[], call: CompleteOptions): AsyncGenerator<CompletionChunk> {
    const settle = breaker.enter();
    const deadline = startDeadline(limits(call, `[${AREA}] completion`));
    try {
      const model = await languageModel();
      const request = toCall(messages, call, model.specificationVersion, deadline.signal);
      const { stream } = await raceAbort(Promise.resolve(model.doStream(request as never)), deadline.signal);
      const chunks = toChunks(stream, name)[Symbol.asyncIterator]();
      for (let next = await raceAbort(chunks.next(), deadline.signal); !next.done; ) {
        yield next.value;
        next = await raceAbort(chunks.next(), deadline.signal);
      }
      settle();
    } catch (error) {
      const mapped = deadline.signal.aborted ? deadline.signal.reason : toLlmError(error, AREA, clock.now());
      settle(mapped);
      throw mapped;
    } finally {
      settle(new AstrocyteError("cancelled", `[${AREA}] The reader left.`));
      deadline.done();
    }
  }

  return {
    name: "ai-sdk",
    embeddingModel: options.embeddingModel ? `ai-sdk:${nameOf(options.embeddingModel)}` : "none",
    capabilities: () => ({
      completion: options.model !== undefined,
      embedding: options.embeddingModel !== undefined,
      modalitiesSupported: supported,
      supportsMultimodalCompletion: supported.length > 1,
      supportsMultimodalEmbedding: false,
    }),
    async complete(messages, call = {}) {
      checkModalities(messages, supported, AREA);
      return chatSpan("ai-sdk", name, () =>
        guarded(call, `[${AREA}] completion`, async (signal) => {
          const model = await languageModel();
          const request = toCall(messages, call, model.specificationVersion, signal);
          return toCompletion(await model.doGenerate(request as never), name);
        }),
      );
    },
    stream(messages, call = {}) {
      checkModalities(messages, supported, AREA);
      return chatStreamSpan("ai-sdk", name, stream(messages, call));
    },
    async embed(texts, call = {}) {
      const attributes = requestAttributes("embeddings", "ai-sdk", nameOf(options.embeddingModel));
      return withSpan("embeddings", attributes, () =>
        guarded(call, `[${AREA}] embedding`, async (signal) => embed(await embedder(), texts, signal)),
      );
    },
  };
}

/** From configuration: both models by name. */
export function createAiSdkProviderFromConfig(config: AiSdkConfig, clock: Clock): LLMProvider {
  return createAiSdkProvider({
    clock,
    ...(config.model && { model: config.model }),
    ...(config.embedding_model && { embeddingModel: config.embedding_model }),
    ...(config.timeout_ms && { timeoutMs: config.timeout_ms }),
    ...(config.modalities && { modalities: config.modalities }),
    settings: {
      ...(config.api_key && { apiKey: config.api_key }),
      ...(config.base_url && { baseURL: config.base_url }),
      ...(config.headers && { headers: config.headers }),
    },
  });
}

async function embed(
  model: AiEmbeddingModel,
  texts: string[],
  abortSignal: AbortSignal,
): Promise<Float32Array[]> {
  const most = (await model.maxEmbeddingsPerCall) ?? 128;
  const vectors: number[][] = [];
  for (const values of slices(texts, Math.min(most, 2048))) {
    vectors.push(...(await model.doEmbed({ values, abortSignal } as never)).embeddings);
  }
  return unitVectors(vectors, texts.length, AREA);
}

function nameOf(model: AiLanguageModel | AiEmbeddingModel | string | undefined): string {
  if (typeof model !== "object") return model ?? "none";
  return `${model.provider}/${model.modelId}`;
}

/** The model object, loaded at most once; a failed load is tried again. */
function once<T extends object>(
  model: T | string | undefined,
  load: (id: string) => Promise<T>,
  field: string,
): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return async () => {
    if (typeof model === "object") return model;
    if (model === undefined) {
      throw new AstrocyteError("not_supported", `[${AREA}] llm_provider_config.${field} is not set. Set it.`);
    }
    loading ??= load(model).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

function rethrow(clock: Clock): (error: unknown) => never {
  return (error) => {
    throw toLlmError(error, AREA, clock.now());
  };
}

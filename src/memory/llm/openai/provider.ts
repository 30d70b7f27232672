import { CircuitBreaker } from "../../../core/breaker.ts";
import { type Clock, systemClock } from "../../../core/clock.ts";
import { AstrocyteError } from "../../../core/errors.ts";
import { createHttpClient, type HttpClient, type HttpRequest } from "../../../core/http.ts";
import { readSse } from "../../../core/sse.ts";
import { withSpan } from "../../../core/telemetry.ts";
import { checkModalities, modalitiesOf } from "../modalities.ts";
import type {
  CompleteOptions,
  Completion,
  CompletionChunk,
  EmbedOptions,
  LLMCapabilities,
  LLMProvider,
  Message,
} from "../provider.ts";
import { chatSpan, chatStreamSpan, requestAttributes } from "../spans.ts";
import { toChunks, toCompletion } from "./answer.ts";
import type { OpenAIConfig } from "./config.ts";
import { embedAll } from "./embeddings.ts";
import { errorFromStatus } from "./errors.ts";
import { completionBody } from "./request.ts";

/** What code adds to the configuration. */
export type OpenAIOptions = {
  /** `litellm` differs in name and default address only. */
  name?: "openai" | "litellm";
  clock?: Clock;
};

const BASE_URLS = { openai: "https://api.openai.com/v1", litellm: "http://127.0.0.1:4000/v1" };

/**
 * Any server that speaks OpenAI's API: `base_url` decides. Calls are repeated once after a lost connection and
 * after a 429 with `Retry-After` in time; after five failures in a row a breaker spares the server 30 s.
 */
export function createOpenAIProvider(config: OpenAIConfig, options: OpenAIOptions = {}): LLMProvider {
  const { name = "openai", clock = systemClock } = options;
  const server = connect(config, name, clock);
  const capabilities = (): LLMCapabilities => capabilitiesOf(config);
  const modelOf = ({ model = config.model }: CompleteOptions): string => model ?? missing(name, "model");
  return {
    name,
    embeddingModel: embeddingIdentity(name, config),
    capabilities,
    async complete(messages, options = {}) {
      const model = modelOf(options);
      checkModalities(messages, modalitiesOf(model, config.modalities), server.area);
      return chatSpan(name, model, () => complete(server, messages, options, model));
    },
    stream(messages, options = {}) {
      const model = modelOf(options);
      checkModalities(messages, modalitiesOf(model, config.modalities), server.area);
      return chatStreamSpan(name, model, stream(server, messages, options, model));
    },
    async embed(texts, options = {}) {
      const model = config.embedding_model ?? missing(name, "embedding_model");
      return withSpan("embeddings", requestAttributes("embeddings", name, model), (span) =>
        embedAll(texts, model, config.embedding_dimensions, {
          post: async (body) => (await post(server, "/embeddings", body, options)) as Record<string, unknown>,
          area: server.area,
          onTokens: (tokens) => span.setAttribute("gen_ai.usage.input_tokens", tokens),
        }),
      );
    },
    close: () => server.client.close(),
  };
}

type Server = {
  area: string;
  client: HttpClient;
  breaker: CircuitBreaker;
  clock: Clock;
  url(path: string): string;
  headers: Record<string, string>;
};

function connect(config: OpenAIConfig, name: keyof typeof BASE_URLS, clock: Clock): Server {
  const area = `llm.${name}`;
  const base = (config.base_url ?? BASE_URLS[name]).replace(/\/+$/, "");
  return {
    area,
    clock,
    client: createHttpClient({
      area,
      clock,
      timeoutMs: config.timeout_ms ?? 60_000,
      maxBytes: 64 * 1024 * 1024,
      codes: { unreachable: "llm_unavailable", timeout: "llm_timeout", tooLarge: "llm_failed" },
    }),
    breaker: new CircuitBreaker({ area, clock }),
    url: (path) => base + path,
    headers: {
      "content-type": "application/json",
      ...(config.api_key && { authorization: `Bearer ${config.api_key}` }),
      ...config.headers,
    },
  };
}

async function complete(
  server: Server,
  messages: Message[],
  options: CompleteOptions,
  model: string,
): Promise<Completion> {
  const body = completionBody(messages, options, model, false);
  return toCompletion(await post(server, "/chat/completions", body, options), model, server.area);
}

async function* stream(
  server: Server,
  messages: Message[],
  options: CompleteOptions,
  model: string,
): AsyncGenerator<CompletionChunk> {
  const body = completionBody(messages, options, model, true);
  const settle = server.breaker.enter();
  try {
    const answer = await server.client.stream(toRequest(server, "/chat/completions", body, options));
    if (answer.status >= 400) {
      const text = await answer.body.setEncoding("utf8").take(64).toArray();
      throw errorFromStatus(answer, parseJson(text.join("")), server.area, server.clock.now());
    }
    yield* toChunks(readSse(answer.body), model, server.area);
    settle();
  } catch (error) {
    const mapped = streamError(error, server.area);
    settle(mapped);
    throw mapped;
  } finally {
    // The reader left: that says nothing about the server.
    settle(new AstrocyteError("cancelled", `[${server.area}] The reader left.`));
  }
}

async function post(
  server: Server,
  path: string,
  body: unknown,
  options: CompleteOptions | EmbedOptions,
): Promise<unknown> {
  return server.breaker.run(async () => {
    const answer = await server.client.request(toRequest(server, path, body, options));
    if (answer.status < 400) return answer.json();
    throw errorFromStatus(answer, answer.json(), server.area, server.clock.now());
  });
}

function toRequest(
  { url, headers }: Server,
  path: string,
  body: unknown,
  { timeoutMs, signal }: CompleteOptions | EmbedOptions,
): HttpRequest {
  // A second execution costs tokens and changes nothing.
  return {
    method: "POST",
    url: url(path),
    headers,
    body: JSON.stringify(body),
    idempotent: true,
    timeoutMs,
    signal,
  };
}

function capabilitiesOf({ model, embedding_model, modalities }: OpenAIConfig): LLMCapabilities {
  const supported = model ? modalitiesOf(model, modalities) : [];
  return {
    completion: model !== undefined,
    embedding: embedding_model !== undefined,
    modalitiesSupported: supported,
    supportsMultimodalCompletion: supported.length > 1,
    supportsMultimodalEmbedding: false,
  };
}

function embeddingIdentity(name: string, { embedding_model, embedding_dimensions }: OpenAIConfig): string {
  if (!embedding_model) return "none";
  return `${name}:${embedding_model}${embedding_dimensions ? `/${embedding_dimensions}` : ""}`;
}

function streamError(error: unknown, area: string): AstrocyteError {
  if (AstrocyteError.is(error)) return error;
  return new AstrocyteError("llm_unavailable", `[${area}] The connection broke in mid-answer. Try again.`, {
    cause: error,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function missing(name: string, field: string): never {
  throw new AstrocyteError("not_supported", `[llm.${name}] llm_provider_config.${field} is not set. Set it.`);
}

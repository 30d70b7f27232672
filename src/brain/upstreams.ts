import type { LLMProvider } from "../memory/llm/provider.ts";

/** Where the answers come from. */
export type Upstream = OpenAiUpstream | ProviderUpstream | ExtractiveUpstream;

/** Anything that speaks OpenAI's chat completions. */
export type OpenAiUpstream = UpstreamName & {
  kind: OpenAiKind;
  /** Up to, without, `/chat/completions`; the kind's own when absent. */
  baseUrl?: string;
  apiKey?: string;
  /** Used when `models` does not name the requested one; with neither, the request's own goes through. */
  model?: string;
  /** Names that callers use to names that the upstream knows; others are refused unless `model` is set. */
  models?: Record<string, string>;
  /** Added to each call, e.g. `x-portkey-provider`. */
  headers?: Record<string, string>;
  /** Merged into the body where the request leaves it open, e.g. OpenRouter's `provider`. */
  extraBody?: Record<string, unknown>;
  prices?: Prices;
};

/** A model behind the LLM Provider SPI, such as one of the AI SDK; re-encoded to OpenAI's stream. */
export type ProviderUpstream = UpstreamName & {
  kind: "provider";
  provider: LLMProvider;
  model?: string;
  models?: Record<string, string>;
  prices?: Prices;
};

/** No model: quotes briefing and memory. */
export type ExtractiveUpstream = UpstreamName & { kind: "none" };

type UpstreamName = {
  /** For logs, traces and counters; the kind when absent. */
  name?: string;
};

/** US cents for a million tokens. */
export type Prices = { input: number; output: number; cachedInput?: number };

/** How one kind of upstream differs from the others. */
type Convention = {
  baseUrl?: string;
  /** The header that carries the key. */
  auth: (apiKey: string) => Record<string, string>;
  /** Merged into the body. */
  extraBody?: Record<string, unknown>;
  /** Understands `stream_options.include_usage`. */
  streamUsage: boolean;
  /** Header of the answer with its cost in US dollars. */
  costHeader?: string;
};

const bearer = (apiKey: string) => ({ authorization: `Bearer ${apiKey}` });

/** Model names and examples of each are in `docs/brain.md`. */
export const CONVENTIONS = {
  openai: { baseUrl: "https://api.openai.com/v1", auth: bearer, streamUsage: true },
  /** The proxy's address differs with each installation: `http://localhost:4000/v1`. */
  litellm: { auth: bearer, streamUsage: true, costHeader: "x-litellm-response-cost" },
  openrouter: {
    baseUrl: "https://openrouter.ai/api/v1",
    auth: bearer,
    // Adds `cost` to `usage`.
    extraBody: { usage: { include: true } },
    streamUsage: true,
  },
  /** `Authorization` stays free for the provider's own key (`headers`). */
  portkey: {
    baseUrl: "https://api.portkey.ai/v1",
    auth: (apiKey) => ({ "x-portkey-api-key": apiKey }),
    streamUsage: true,
  },
  vercel: { baseUrl: "https://ai-gateway.vercel.sh/v1", auth: bearer, streamUsage: true },
  vllm: { baseUrl: "http://127.0.0.1:8000/v1", auth: bearer, streamUsage: true },
  ollama: { baseUrl: "http://127.0.0.1:11434/v1", auth: bearer, streamUsage: true },
  /** Any other server: no assumption. */
  "openai-compatible": { auth: bearer, streamUsage: false },
} as const satisfies Record<string, Convention>;

/** Kinds of upstream that speak OpenAI's protocol. */
export type OpenAiKind = keyof typeof CONVENTIONS;

/** How a kind is spoken to. */
export function conventionOf(kind: OpenAiKind): Convention {
  return CONVENTIONS[kind];
}

/** The model to ask an upstream for; `null` when it does not serve the one requested. */
export function modelFor(upstream: Upstream, requested: string | undefined): string | undefined | null {
  if (upstream.kind === "none") return "astrocyte";
  const { models, model } = upstream;
  const known =
    requested !== undefined && models && Object.hasOwn(models, requested) ? models[requested] : undefined;
  return known ?? model ?? (models ? null : requested);
}

/** Cents of one answer: told by the upstream, else from its prices; undefined when neither is known. */
export function costOf(
  usage: { inputTokens: number; outputTokens: number; cachedTokens: number; cents?: number },
  prices: Prices | undefined,
): number | undefined {
  if (usage.cents !== undefined || !prices) return usage.cents;
  const fresh = usage.inputTokens - usage.cachedTokens;
  const cached = usage.cachedTokens * (prices.cachedInput ?? prices.input);
  return (fresh * prices.input + cached + usage.outputTokens * prices.output) / 1_000_000;
}

import { z } from "zod";
import { AstrocyteError } from "../core/errors.ts";
import { sha256 } from "../core/secrets.ts";
import type { LLMProvider } from "../memory/llm/provider.ts";
import { isBankId } from "../memory/policy/banks.ts";
import { isActingPrincipal } from "../memory/policy/principals.ts";
import {
  type BrainKey,
  type BrainSettings,
  DEFAULT_RECALL,
  DEFAULT_SETTINGS,
  type RecallSettings,
} from "./parts.ts";
import { CONVENTIONS, type OpenAiKind, type Upstream } from "./upstreams.ts";

const ms = z.number().int().positive();
const count = z.number().int().positive();
const KINDS = Object.keys(CONVENTIONS) as [OpenAiKind, ...OpenAiKind[]];

const recall = z.strictObject({
  deadline_ms: ms.optional(),
  max_results: count.max(100).optional(),
  max_tokens: count.max(20_000).optional(),
  mode: z.enum(["best-effort", "required"]).optional(),
});

/** A literal scope that ends in a colon before `{user}`: no user then reaches into another key's scope. */
const bank = z.string().refine((value) => {
  const [scope = "", rest] = value.split("{user}");
  return rest === undefined ? isBankId(value) : rest === "" && scope.endsWith(":") && isBankId(`${scope}x`);
}, "is neither a bank id nor one that ends in :{user}");

const key = z
  .strictObject({
    name: z.string().min(1),
    key: z.string().min(16, "needs at least 16 characters").optional(),
    /** Instead of the key itself, so that the file holds no secret. */
    key_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "is not a SHA-256 in lowercase hex")
      .optional(),
    principal: z.string().refine(isActingPrincipal, "is not a principal such as service:app"),
    bank: bank.optional(),
    allow_user_scope: z.boolean().default(false),
    context_tokens: z.boolean().default(false),
    retain: z.enum(["never", "completed"]).default("never"),
    memory_tools: z.boolean().default(false),
    recall: recall.prefault({}),
  })
  .refine(
    (value) => (value.key === undefined) !== (value.key_sha256 === undefined),
    "needs either key or key_sha256",
  )
  .refine(
    (value) => !value.bank?.includes("{user}") || value.allow_user_scope,
    "needs allow_user_scope for a bank with {user}",
  );

const prices = z.strictObject({
  input_cents_per_million: z.number().nonnegative(),
  output_cents_per_million: z.number().nonnegative(),
  cached_input_cents_per_million: z.number().nonnegative().optional(),
});

const common = {
  name: z.string().optional(),
  model: z.string().optional(),
  models: z.record(z.string(), z.string()).optional(),
  prices: prices.optional(),
};

const upstream = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.enum(KINDS),
    base_url: z.url({ protocol: /^https?$/ }).optional(),
    api_key: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    extra_body: z.record(z.string(), z.unknown()).optional(),
    ...common,
  }),
  /** The model of `llm_provider`, whatever protocol it speaks. */
  z.strictObject({ kind: z.literal("llm_provider"), ...common }),
  z.strictObject({ kind: z.literal("none"), name: z.string().optional() }),
]);

/** The `brain` section of the configuration file. */
export const brainConfigSchema = z.strictObject({
  keys: z.array(key).default([]),
  /** In order of preference; the extractive responder when empty. */
  upstreams: z.array(upstream).default([]),
  recall: recall.prefault({}),
  max_body_bytes: count.default(DEFAULT_SETTINGS.maxBodyBytes),
  keep_alive_ms: ms.default(DEFAULT_SETTINGS.keepAliveMs),
  first_byte_timeout_ms: ms.default(DEFAULT_SETTINGS.firstByteTimeoutMs),
  idle_timeout_ms: ms.default(DEFAULT_SETTINGS.idleTimeoutMs),
  tool_rounds: count.max(10).default(DEFAULT_SETTINGS.toolRounds),
  tool_timeout_ms: ms.default(DEFAULT_SETTINGS.toolTimeoutMs),
  streams_per_session: count.default(DEFAULT_SETTINGS.streamsPerSession),
  streams_per_key: count.default(DEFAULT_SETTINGS.streamsPerKey),
});

/** `brain:` of astrocyte.yaml, complete with its defaults. */
export type BrainConfig = z.output<typeof brainConfigSchema>;

/**
 * The parts that a configuration decides. `provider` is the configured `llm_provider`, if there is one.
 * Errors: `config_invalid` for `kind: llm_provider` without one.
 */
export function brainPartsOf(
  config: BrainConfig,
  provider?: LLMProvider,
): { keys: BrainKey[]; upstreams: Upstream[]; settings: BrainSettings } {
  const upstreams = config.upstreams.map((each) => toUpstream(each, provider));
  return {
    keys: config.keys.map(toKey),
    upstreams: upstreams.length > 0 ? upstreams : [{ kind: "none" }],
    settings: {
      ...DEFAULT_SETTINGS,
      recall: { ...DEFAULT_RECALL, ...toRecall(config.recall) },
      maxBodyBytes: config.max_body_bytes,
      keepAliveMs: config.keep_alive_ms,
      firstByteTimeoutMs: config.first_byte_timeout_ms,
      idleTimeoutMs: config.idle_timeout_ms,
      toolRounds: config.tool_rounds,
      toolTimeoutMs: config.tool_timeout_ms,
      streamsPerSession: config.streams_per_session,
      streamsPerKey: config.streams_per_key,
    },
  };
}

function toKey(key: BrainConfig["keys"][number]): BrainKey {
  return {
    name: key.name,
    hash: key.key_sha256 ?? sha256(key.key!),
    principal: key.principal,
    ...(key.bank !== undefined && { bank: key.bank }),
    allowUserScope: key.allow_user_scope,
    contextTokens: key.context_tokens,
    retain: key.retain,
    memoryTools: key.memory_tools,
    recall: toRecall(key.recall),
  };
}

function toRecall(recall: z.output<typeof key>["recall"]): Partial<RecallSettings> {
  return {
    ...(recall.deadline_ms !== undefined && { deadlineMs: recall.deadline_ms }),
    ...(recall.max_results !== undefined && { maxResults: recall.max_results }),
    ...(recall.max_tokens !== undefined && { maxTokens: recall.max_tokens }),
    ...(recall.mode !== undefined && { required: recall.mode === "required" }),
  };
}

function toUpstream(given: BrainConfig["upstreams"][number], provider: LLMProvider | undefined): Upstream {
  const name = given.name === undefined ? {} : { name: given.name };
  if (given.kind === "none") return { kind: "none", ...name };
  const shared = {
    ...name,
    ...(given.model !== undefined && { model: given.model }),
    ...(given.models !== undefined && { models: given.models }),
    ...(given.prices !== undefined && { prices: toPrices(given.prices) }),
  };
  if (given.kind === "llm_provider") return { kind: "provider", provider: needed(provider), ...shared };
  return {
    kind: given.kind,
    ...shared,
    ...(given.base_url !== undefined && { baseUrl: given.base_url }),
    ...(given.api_key !== undefined && { apiKey: given.api_key }),
    ...(given.headers !== undefined && { headers: given.headers }),
    ...(given.extra_body !== undefined && { extraBody: given.extra_body }),
  };
}

function toPrices(given: z.output<typeof prices>) {
  const cached = given.cached_input_cents_per_million;
  return {
    input: given.input_cents_per_million,
    output: given.output_cents_per_million,
    ...(cached !== undefined && { cachedInput: cached }),
  };
}

function needed(provider: LLMProvider | undefined): LLMProvider {
  if (provider) return provider;
  throw new AstrocyteError(
    "config_invalid",
    "[brain] an upstream of kind llm_provider needs `llm_provider` to be set. Set it, or name another kind.",
  );
}

import { z } from "zod";
import { type Clock, systemClock } from "../../core/clock.ts";
import { aiSdkConfigSchema } from "./ai-sdk/config.ts";
import { createAiSdkProviderFromConfig } from "./ai-sdk/provider.ts";
import { createLocalEmbedder } from "./local/embedder.ts";
import { openaiConfigSchema } from "./openai/config.ts";
import { createOpenAIProvider } from "./openai/provider.ts";
import type { LLMProvider } from "./provider.ts";

/** `llm_provider_config` of `local`, which only embeds. */
const localConfigSchema = z.strictObject({
  /** Threads of the embedder. */
  workers: z.int().min(1).max(64).optional(),
  cache_dir: z.string().min(1).optional(),
});

/** The part of the configuration that names the model: `llm_provider` and its `llm_provider_config`. */
export const llmConfigSchema = z.discriminatedUnion("llm_provider", [
  z.object({ llm_provider: z.literal("openai"), llm_provider_config: openaiConfigSchema }),
  z.object({ llm_provider: z.literal("litellm"), llm_provider_config: openaiConfigSchema }),
  z.object({ llm_provider: z.literal("ai-sdk"), llm_provider_config: aiSdkConfigSchema }),
  z.object({
    llm_provider: z.literal("local").optional(),
    llm_provider_config: localConfigSchema.optional(),
  }),
]);

export type LLMConfig = z.infer<typeof llmConfigSchema>;

export type Providers = {
  /** Writes text; absent when no model for it is configured. */
  llm?: LLMProvider;
  /** Makes vectors: the provider's `embedding_model`, or the local one. */
  embedder: LLMProvider;
};

/** Nothing is loaded or sent here. The caller closes both; they may be the same object. */
export function createProviders(config: LLMConfig, clock: Clock = systemClock): Providers {
  const provider = createConfigured(config, clock);
  if (!provider) return { embedder: createLocal(config, clock) };
  const { completion, embedding } = provider.capabilities();
  return {
    ...(completion && { llm: provider }),
    embedder: embedding ? provider : createLocalEmbedder({ clock }),
  };
}

function createConfigured(config: LLMConfig, clock: Clock): LLMProvider | undefined {
  switch (config.llm_provider) {
    case "openai":
    case "litellm":
      return createOpenAIProvider(config.llm_provider_config, { name: config.llm_provider, clock });
    case "ai-sdk":
      return createAiSdkProviderFromConfig(config.llm_provider_config, clock);
    default:
      return undefined;
  }
}

function createLocal({ llm_provider_config }: LLMConfig, clock: Clock): LLMProvider {
  const { workers, cache_dir } = (llm_provider_config ?? {}) as z.infer<typeof localConfigSchema>;
  return createLocalEmbedder({
    clock,
    ...(workers && { workers }),
    ...(cache_dir && { cacheDir: cache_dir }),
  });
}

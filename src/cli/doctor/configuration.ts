import type { Config } from "../../config.ts";
import type { Check } from "../commands/doctor.ts";
import { failed } from "./examine.ts";

export async function configuration(path: string | undefined): Promise<{ check: Check; config?: Config }> {
  const name = "configuration";
  if (path === undefined) {
    return { check: { name, state: "ok", found: "None: defaults, no language model, no sessions." } };
  }
  try {
    const { loadConfig } = await import("../../config.ts");
    const config = loadConfig(path);
    return { check: { name, state: "ok", found: `${path} is valid.` }, config };
  } catch (error) {
    return { check: failed(name, error) };
  }
}

/** Sends one word: it costs a few tokens, and proves address, key and model at once. */
export async function llmReachable(config: Config, signal: AbortSignal): Promise<Check> {
  const name = "language model";
  const { createProviders, llmConfigSchema } = await import("../../memory/llm/create.ts");
  const { llm_provider, llm_provider_config } = config;
  const { llm, embedder } = createProviders(llmConfigSchema.parse({ llm_provider, llm_provider_config }));
  try {
    if (!llm) {
      return { name, state: "ok", found: "None is configured: answers are quoted from memory." };
    }
    await llm.complete([{ role: "user", content: "Answer with the word yes." }], {
      maxTokens: 16,
      timeoutMs: 15_000,
      signal,
    });
    return { name, state: "ok", found: `${llm.name} answers.` };
  } catch (error) {
    return failed(name, error);
  } finally {
    await llm?.close?.();
    await embedder.close?.();
  }
}

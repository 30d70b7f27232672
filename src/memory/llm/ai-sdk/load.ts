import { AstrocyteError } from "../../../core/errors.ts";
import type { AiEmbeddingModel, AiLanguageModel } from "./spec.ts";

type Settings = { apiKey?: string; baseURL?: string; headers?: Record<string, string> };
type AiProvider = {
  languageModel?(id: string): AiLanguageModel;
  chat?(id: string): AiLanguageModel;
  textEmbeddingModel?(id: string): AiEmbeddingModel;
  embeddingModel?(id: string): AiEmbeddingModel;
};

/** First part of a model's name → its package and the function that makes the provider. */
const PACKAGES: Record<string, [name: string, create: string]> = {
  anthropic: ["@ai-sdk/anthropic", "createAnthropic"],
  google: ["@ai-sdk/google", "createGoogleGenerativeAI"],
  mistral: ["@ai-sdk/mistral", "createMistral"],
  "amazon-bedrock": ["@ai-sdk/amazon-bedrock", "createAmazonBedrock"],
  bedrock: ["@ai-sdk/amazon-bedrock", "createAmazonBedrock"],
  openrouter: ["@openrouter/ai-sdk-provider", "createOpenRouter"],
  gateway: ["@ai-sdk/gateway", "createGateway"],
};

/** `anthropic/claude-…` → the model object; the package is an optional peer and loaded here. */
export async function loadLanguageModel(id: string, settings: Settings): Promise<AiLanguageModel> {
  const { provider, model, packageName } = await loadProvider(id, settings);
  const make = provider.languageModel ?? provider.chat;
  return make?.call(provider, model) ?? lacks(packageName, "language models");
}

export async function loadEmbeddingModel(id: string, settings: Settings): Promise<AiEmbeddingModel> {
  const { provider, model, packageName } = await loadProvider(id, settings);
  const make = provider.embeddingModel ?? provider.textEmbeddingModel;
  return make?.call(provider, model) ?? lacks(packageName, "embedding models");
}

async function loadProvider(id: string, settings: Settings) {
  const [prefix = "", ...rest] = id.split("/");
  const entry = PACKAGES[prefix];
  if (!entry || rest.length === 0) {
    throw new AstrocyteError(
      "config_invalid",
      `[llm.ai-sdk] The model's name must be provider/model, with one of ${Object.keys(PACKAGES).join(", ")}.`,
    );
  }
  const [packageName, create] = entry;
  const module = await importPeer(packageName);
  const provider = module[create]?.(settings) as AiProvider | undefined;
  return { provider: provider ?? lacks(packageName, create), model: rest.join("/"), packageName };
}

async function importPeer(name: string): Promise<Record<string, (settings: Settings) => unknown>> {
  try {
    return await import(name);
  } catch (cause) {
    throw new AstrocyteError(
      "dependency_missing",
      `[llm.ai-sdk] The package ${name} is not installed. Run \`npm install ${name}\`.`,
      { cause },
    );
  }
}

function lacks(packageName: string, what: string): never {
  throw new AstrocyteError(
    "dependency_missing",
    `[llm.ai-sdk] The installed ${packageName} has no ${what}. Install its current version.`,
  );
}

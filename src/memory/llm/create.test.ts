import assert from "node:assert/strict";
import { test } from "node:test";
import { createProviders, llmConfigSchema } from "./create.ts";

function create(config: unknown) {
  const { llm, embedder } = createProviders(llmConfigSchema.parse(config));
  void embedder.close?.();
  void llm?.close?.();
  return [llm?.name, embedder.name];
}

test("nothing configured: local vectors, no model", () => {
  assert.deepEqual(create({}), [undefined, "local"]);
  assert.deepEqual(create({ llm_provider: "local", llm_provider_config: { workers: 1 } }), [
    undefined,
    "local",
  ]);
});

test("a provider writes, and makes the vectors if it has an embedding model", () => {
  const base = { base_url: "https://gateway.example/v1", api_key: "k", model: "vendor-text-model" };
  for (const llm_provider of ["openai", "litellm"]) {
    assert.deepEqual(create({ llm_provider, llm_provider_config: base }), [llm_provider, "local"]);
    const both = { ...base, embedding_model: "e" };
    assert.deepEqual(create({ llm_provider, llm_provider_config: both }), [llm_provider, llm_provider]);
  }
  assert.deepEqual(create({ llm_provider: "ai-sdk", llm_provider_config: { model: "anthropic/claude" } }), [
    "ai-sdk",
    "local",
  ]);
});

test("an unknown key or provider is refused", () => {
  for (const config of [
    { llm_provider: "openai", llm_provider_config: { modle: "x" } },
    { llm_provider: "openai" },
    { llm_provider: "tavus", llm_provider_config: {} },
    { llm_provider: "openai", llm_provider_config: { base_url: "not a url" } },
    { llm_provider: "ai-sdk", llm_provider_config: { model: "no-provider" } },
  ]) {
    assert.equal(llmConfigSchema.safeParse(config).success, false);
  }
});

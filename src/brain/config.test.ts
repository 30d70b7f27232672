import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../core/secrets.ts";
import { brainConfigSchema, brainPartsOf } from "./config.ts";
import { createBrain, DEFAULT_SETTINGS } from "./index.ts";

const KEY = { name: "app", key: "0123456789abcdef", principal: "service:app" };

test("an empty section is a brain that works without a key to any model", () => {
  const { keys, upstreams, settings } = brainPartsOf(brainConfigSchema.parse({}));
  assert.deepEqual([keys, upstreams, settings], [[], [{ kind: "none" }], DEFAULT_SETTINGS]);
});

test("keys, upstreams and recall are read as documented", () => {
  const config = brainConfigSchema.parse({
    keys: [
      { ...KEY, bank: "app:{user}", allow_user_scope: true, recall: { mode: "required", deadline_ms: 80 } },
    ],
    upstreams: [
      {
        kind: "litellm",
        base_url: "http://localhost:4000/v1",
        api_key: "sk-1",
        models: { fast: "small" },
        prices: { input_cents_per_million: 15, output_cents_per_million: 60 },
      },
    ],
    recall: { max_tokens: 300 },
  });
  const { keys, upstreams, settings } = brainPartsOf(config);
  assert.equal(keys[0]!.hash, sha256(KEY.key));
  assert.deepEqual(keys[0]!.recall, { deadlineMs: 80, required: true });
  assert.deepEqual(upstreams[0], {
    kind: "litellm",
    baseUrl: "http://localhost:4000/v1",
    apiKey: "sk-1",
    models: { fast: "small" },
    prices: { input: 15, output: 60 },
  });
  assert.equal(settings.recall.maxTokens, 300);
});

test("what cannot be meant is refused", () => {
  const bad = [
    { keys: [{ ...KEY, key: "short" }] },
    { keys: [{ ...KEY, key_sha256: sha256("x") }] },
    { keys: [{ name: "app", principal: "service:app" }] },
    { keys: [{ ...KEY, principal: "*" }] },
    { keys: [{ ...KEY, bank: "{user}", allow_user_scope: true }] },
    { keys: [{ ...KEY, bank: "app-{user}", allow_user_scope: true }] },
    { keys: [{ ...KEY, bank: "app:{user}:notes", allow_user_scope: true }] },
    { keys: [{ ...KEY, bank: "app:{user}" }] },
    { upstreams: [{ kind: "openai", base_url: "ftp://x" }] },
    { upstreams: [{ kind: "unknown" }] },
    { upstreams: [{ kind: "none", api_key: "x" }] },
    { recall: { deadline_ms: 0 } },
    { unknown: 1 },
  ];
  for (const section of bad)
    assert.equal(brainConfigSchema.safeParse(section).success, false, JSON.stringify(section));
});

test("an upstream that cannot be called is refused at start", () => {
  assert.throws(() => createBrain({ upstreams: [{ kind: "litellm" }] }), { code: "config_invalid" });
  const config = brainConfigSchema.parse({ upstreams: [{ kind: "llm_provider" }] });
  assert.throws(() => brainPartsOf(config), { code: "config_invalid" });
});

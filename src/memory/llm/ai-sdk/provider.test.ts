import assert from "node:assert/strict";
import { ReadableStream } from "node:stream/web";
import { test } from "node:test";
import { AstrocyteError } from "../../../core/errors.ts";
import { collect } from "../../../testing/collect.ts";
import { FakeClock } from "../../../testing/fake-clock.ts";
import type { Message } from "../provider.ts";
import { createAiSdkProvider } from "./provider.ts";
import type { AiCallOptions, AiStreamPart, AiUsage } from "./spec.ts";

const HELLO: Message[] = [{ role: "user", content: "hello there" }];
const CALL = { type: "tool-call", toolCallId: "c1", toolName: "f", input: '{"a":1}' };
const isCode = (code: AstrocyteError["code"]) => (error: unknown) =>
  AstrocyteError.is(error, code) && !error.message.includes("hello");

/** A model of one version of the specification, as its types say. */
function model(specificationVersion: "v2" | "v3" | "v4", overrides: object = {}) {
  const old = specificationVersion === "v2";
  const usage: AiUsage = old
    ? { inputTokens: 3, outputTokens: 4 }
    : { inputTokens: { total: 3 }, outputTokens: { total: 4 } };
  const finishReason = old ? "tool-calls" : { unified: "tool-calls", raw: "tool_use" };
  const calls: AiCallOptions[] = [];
  const parts: Array<AiStreamPart & Record<string, unknown>> = [
    { type: "stream-start" },
    ...[
      { type: "response-metadata", modelId: "m-2026" },
      { type: "text-delta", delta: "" },
      { type: "text-delta", delta: "Hi" },
      CALL,
    ],
    ...[{ type: "finish", finishReason, usage }],
  ];
  return {
    calls,
    specificationVersion,
    provider: "mock",
    modelId: "claude-mock",
    async doGenerate(options: AiCallOptions) {
      calls.push(options);
      const content = [{ type: "reasoning", text: "hm" }, { type: "text", text: "Hi" }, CALL];
      return { content, finishReason, usage, response: { modelId: "m-2026" } };
    },
    async doStream(options: AiCallOptions) {
      calls.push(options);
      return { stream: ReadableStream.from<AiStreamPart>(parts) };
    },
    ...overrides,
  };
}

for (const version of ["v2", "v3", "v4"] as const) {
  test(`speaks version ${version} of the specification`, async () => {
    const mock = model(version);
    const provider = createAiSdkProvider({ model: mock });
    const facts = { finishReason: "tool_calls", usage: { inputTokens: 3, outputTokens: 4 }, model: "m-2026" };
    const toolCall = { id: "c1", name: "f", arguments: '{"a":1}' };
    assert.deepEqual(await provider.complete(HELLO), { text: "Hi", toolCalls: [toolCall], ...facts });
    assert.deepEqual(await collect(provider.stream!(HELLO)), [
      { type: "text", text: "Hi" },
      { type: "tool_call", toolCall },
      { type: "finish", ...facts },
    ]);
    const image: Message["content"] = [
      { type: "image_base64", mimeType: "image/png", base64Data: "AAAA" },
      { type: "document_url", url: "https://x.test/a.pdf" },
    ];
    await provider.complete([{ role: "user", content: image }]);
    const url = new URL("https://x.test/a.pdf");
    const tagged = version === "v4";
    assert.deepEqual(mock.calls.at(-1)!.prompt[0]!.content, [
      { type: "file", mediaType: "image/png", data: tagged ? { type: "data", data: "AAAA" } : "AAAA" },
      { type: "file", mediaType: "application/pdf", data: tagged ? { type: "url", url } : url },
    ]);
  });
}

test("options, tools and tool results go out in the specification's form", async () => {
  const mock = model("v4");
  const parameters = { type: "object" };
  await createAiSdkProvider({ model: mock }).complete(
    [
      { role: "system", content: "Be brief." },
      {
        role: "assistant",
        content: "Let me see.",
        toolCalls: [{ id: "c0", name: "f", arguments: '{"b":2}' }],
      },
      { role: "tool", content: "42", toolCallId: "c0" },
    ],
    {
      maxTokens: 5,
      temperature: 0,
      stop: ["x"],
      json: true,
      tools: [{ name: "f", description: "F", parameters }],
    },
  );
  const { abortSignal, ...call } = mock.calls[0]!;
  assert.ok(abortSignal instanceof AbortSignal);
  assert.deepEqual(call, {
    prompt: [
      { role: "system", content: "Be brief." },
      {
        role: "assistant",
        content: [
          { type: "text", text: "Let me see." },
          { type: "tool-call", toolCallId: "c0", toolName: "f", input: { b: 2 } },
        ],
      },
      {
        role: "tool",
        content: [
          { type: "tool-result", toolCallId: "c0", toolName: "f", output: { type: "text", value: "42" } },
        ],
      },
    ],
    maxOutputTokens: 5,
    temperature: 0,
    stopSequences: ["x"],
    responseFormat: { type: "json" },
    tools: [{ type: "function", name: "f", description: "F", inputSchema: parameters }],
  });
});

test("embeds in the model's batches, as unit vectors", async () => {
  const sizes: number[] = [];
  const provider = createAiSdkProvider({
    embeddingModel: {
      specificationVersion: "v4",
      provider: "mock",
      modelId: "e",
      maxEmbeddingsPerCall: Promise.resolve(2),
      async doEmbed({ values }: { values: string[] }) {
        sizes.push(values.length);
        return { embeddings: values.map((value) => [3 * value.length, 4 * value.length]) };
      },
    },
  });
  assert.equal(provider.embeddingModel, "ai-sdk:mock/e");
  const vectors = await provider.embed(["a", "bb", "ccc"]);
  assert.deepEqual(
    vectors,
    Array.from({ length: 3 }, () => Float32Array.of(0.6, 0.8)),
  );
  assert.deepEqual(sizes, [2, 1]);
  await assert.rejects(provider.complete(HELLO), isCode("not_supported"));
});

test("a modality that the model lacks is refused before anything is sent", async () => {
  const mock = model("v4");
  const audio: Message[] = [{ role: "user", content: [{ type: "audio_url", url: "https://x.test/a.wav" }] }];
  await assert.rejects(
    createAiSdkProvider({ model: mock }).complete(audio),
    isCode("multimodal_not_supported"),
  );
  assert.equal(mock.calls.length, 0);
  await createAiSdkProvider({ model: mock, modalities: ["audio"] }).complete(audio);
  assert.equal(mock.calls.length, 1);
});

test("what the model throws becomes our error, without its text", async () => {
  const failing = (error: unknown) =>
    createAiSdkProvider({ model: model("v4", { doGenerate: () => Promise.reject(error) }) });
  const apiError = (statusCode: number) => Object.assign(new Error("hello quoted"), { statusCode });
  await assert.rejects(failing(apiError(401)).complete(HELLO), isCode("llm_failed"));
  await assert.rejects(failing(apiError(529)).complete(HELLO), isCode("llm_unavailable"));
  await assert.rejects(
    failing(new TypeError("fetch failed: hello")).complete(HELLO),
    isCode("llm_unavailable"),
  );
  await assert.rejects(failing(new Error("hello")).complete(HELLO), isCode("llm_failed"));
  const broken = ReadableStream.from([
    { type: "text-delta", id: "1", delta: "a" },
    { type: "error", error: apiError(500) },
  ]);
  const streaming = createAiSdkProvider({
    model: model("v4", { doStream: async () => ({ stream: broken }) }),
  });
  await assert.rejects(collect(streaming.stream!(HELLO)), isCode("llm_unavailable"));
});

test("calls and streams that hang end at their deadline", async () => {
  const clock = new FakeClock();
  const hangs = () => new Promise<never>(() => {});
  const stream = new ReadableStream<AiStreamPart>();
  const provider = createAiSdkProvider({
    model: model("v4", { doGenerate: hangs, doStream: async () => ({ stream }) }),
    clock,
  });
  const call = assert.rejects(provider.complete(HELLO, { timeoutMs: 20 }), isCode("llm_timeout"));
  const reading = assert.rejects(collect(provider.stream!(HELLO, { timeoutMs: 20 })), isCode("llm_timeout"));
  await clock.advance(20);
  await Promise.all([call, reading]);
  assert.equal(clock.pending, 0);
});

test("a model by name needs its package, and a known first part", async () => {
  const missing = createAiSdkProvider({
    model: "anthropic/claude-sonnet-4-5",
    embeddingModel: "mistral/mistral-embed",
  });
  const names = (name: string) => (error: unknown) =>
    AstrocyteError.is(error, "dependency_missing") && error.message.includes(`npm install ${name}`);
  await assert.rejects(missing.complete(HELLO), names("@ai-sdk/anthropic"));
  await assert.rejects(missing.embed(["x"]), names("@ai-sdk/mistral"));
  await assert.rejects(createAiSdkProvider({ model: "nobody/x" }).complete(HELLO), isCode("config_invalid"));
  assert.deepEqual(missing.capabilities().modalitiesSupported, ["text", "image", "document"]);
});

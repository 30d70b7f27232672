import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AstrocyteError } from "../../../core/errors.ts";
import { collect } from "../../../testing/collect.ts";
import { FakeClock } from "../../../testing/fake-clock.ts";
import { startOpenAISimulator } from "../../../testing/openai-simulator.ts";
import { hashVector } from "../../../testing/scripted-llm.ts";
import type { Message } from "../provider.ts";
import type { OpenAIConfig } from "./config.ts";
import { createOpenAIProvider } from "./provider.ts";

const KEY = "sk-very-secret";
const HELLO: Message[] = [{ role: "user", content: "hello there" }];

async function setup(t: TestContext, config: Partial<OpenAIConfig> = {}) {
  const simulator = await startOpenAISimulator();
  const clock = new FakeClock();
  const provider = createOpenAIProvider(
    { base_url: simulator.url, api_key: KEY, model: "gpt-4o-mini", embedding_model: "embed-1", ...config },
    { clock },
  );
  t.after(async () => {
    await simulator.close();
    await provider.close?.();
  });
  return { simulator, provider, clock };
}

function failsWith(code: AstrocyteError["code"], message = /./) {
  return (error: unknown) => {
    assert.ok(AstrocyteError.is(error, code), String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(
      `${error.message}${JSON.stringify(error.details)}`,
      /very-secret|hello|simulated$|quoted/,
    );
    return true;
  };
}

test("completes: options go out under their wire names, the answer comes back whole", async (t) => {
  const { simulator, provider } = await setup(t, { headers: { "x-team": "a" } });
  simulator.reply({ text: "Hi.", toolCalls: [{ id: "c1", name: "lookup", arguments: '{"a":1}' }] });
  const tool = { name: "lookup", description: "Looks up", parameters: { type: "object" } };
  const completion = await provider.complete(
    [
      { role: "system", content: "Be brief." },
      { role: "assistant", content: "", toolCalls: [{ id: "c0", name: "lookup", arguments: "{}" }] },
      { role: "tool", content: "42", toolCallId: "c0" },
      ...HELLO,
    ],
    { maxTokens: 5, temperature: 0, stop: ["x"], json: true, tools: [tool] },
  );
  assert.deepEqual(completion, {
    text: "Hi.",
    toolCalls: [{ id: "c1", name: "lookup", arguments: '{"a":1}' }],
    finishReason: "tool_calls",
    usage: { inputTokens: 11, outputTokens: 7 },
    model: "gpt-4o-mini-2026",
  });
  const { headers, body, path } = simulator.requests[0]!;
  assert.equal(path, "/v1/chat/completions");
  assert.equal(headers["authorization"], `Bearer ${KEY}`);
  assert.equal(headers["x-team"], "a");
  assert.deepEqual(body, {
    model: "gpt-4o-mini",
    messages: [
      { role: "system", content: "Be brief." },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c0", type: "function", function: { name: "lookup", arguments: "{}" } }],
      },
      { role: "tool", content: "42", tool_call_id: "c0" },
      { role: "user", content: "hello there" },
    ],
    max_tokens: 5,
    temperature: 0,
    stop: ["x"],
    tools: [{ type: "function", function: tool }],
    response_format: { type: "json_object" },
  });
});

test("reasoning models get the newer name of the token limit", async (t) => {
  const { simulator, provider } = await setup(t, { model: "openai/gpt-5-mini" });
  await provider.complete(HELLO, { maxTokens: 9 });
  assert.equal(simulator.requests[0]!.body["max_completion_tokens"], 9);
});

test("streams text as it comes, then whole tool calls, then the finish", async (t) => {
  const { simulator, provider } = await setup(t);
  simulator.reply({
    text: "one two three",
    toolCalls: [{ id: "c1", name: "f", arguments: '{"city":"Porto"}' }],
  });
  assert.deepEqual(await collect(provider.stream!(HELLO)), [
    { type: "text", text: "one" },
    { type: "text", text: " two" },
    { type: "text", text: " three" },
    { type: "tool_call", toolCall: { id: "c1", name: "f", arguments: '{"city":"Porto"}' } },
    {
      type: "finish",
      finishReason: "tool_calls",
      usage: { inputTokens: 11, outputTokens: 7 },
      model: "gpt-4o-mini-2026",
    },
  ]);
});

test("a stream without its last blank line and [DONE] still ends well", async (t) => {
  const { simulator, provider } = await setup(t);
  simulator.fail({ kind: "unfinished" });
  assert.equal((await collect(provider.stream!(HELLO))).at(-1)?.type, "finish");
});

test("a stream that breaks, stalls, or holds nonsense or an error is an error", async (t) => {
  const { simulator, provider, clock } = await setup(t);
  const read = (timeoutMs?: number) =>
    collect(provider.stream!(HELLO, timeoutMs === undefined ? {} : { timeoutMs }));
  simulator.fail(
    { kind: "cut", afterChunks: 2 },
    { kind: "malformed" },
    { kind: "error_event" },
    { kind: "html" },
  );
  await assert.rejects(read(), failsWith("llm_unavailable"));
  await assert.rejects(read(), failsWith("llm_failed", /not a chat completion/));
  await assert.rejects(read(), failsWith("llm_unavailable"));
  await assert.rejects(read(), failsWith("llm_unavailable", /ended before/));
  simulator.fail({ kind: "stall", afterChunks: 2 });
  const stalled = assert.rejects(read(100), failsWith("llm_timeout"));
  await simulator.received(5);
  await clock.advance(100);
  await stalled;
  assert.equal(clock.pending, 0);
});

test("a reader that leaves early leaves the breaker and the next call alone", async (t) => {
  const { simulator, provider, clock } = await setup(t);
  for (let i = 0; i < 6; i++) {
    for await (const chunk of provider.stream!(HELLO)) if (chunk.type === "text") break;
  }
  assert.equal((await provider.complete(HELLO)).text, "ok");
  assert.equal(simulator.requests.length, 7);
  assert.equal(clock.pending, 0);
});

test("statuses become errors that say what to do and quote nothing", async (t) => {
  const { simulator, provider } = await setup(t);
  const cases: Array<[Parameters<typeof simulator.fail>[0], AstrocyteError["code"], RegExp]> = [
    [{ kind: "status", status: 401 }, "llm_failed", /llm_provider_config\.api_key/],
    [{ kind: "status", status: 404 }, "llm_failed", /\.model.*base_url/],
    [{ kind: "status", status: 400, code: "context_length_exceeded" }, "llm_failed", /context/],
    [
      { kind: "status", status: 400, message: "This model's maximum context length is 8 tokens: hello" },
      "llm_failed",
      /context/,
    ],
    [{ kind: "status", status: 400 }, "llm_failed", /refused the request/],
    [{ kind: "status", status: 429, code: "insufficient_quota" }, "llm_failed", /credit/],
    [{ kind: "status", status: 429 }, "llm_unavailable", /rate/],
    [{ kind: "status", status: 504 }, "llm_timeout", /timed out/],
    [{ kind: "status", status: 500 }, "llm_unavailable", /failed \(500\)/],
    [{ kind: "html" }, "llm_failed", /base_url/],
  ];
  for (const [fault, code, message] of cases) {
    simulator.fail(fault);
    await assert.rejects(provider.complete(HELLO), failsWith(code, message));
  }
  simulator.fail({ kind: "status", status: 401 });
  await assert.rejects(collect(provider.stream!(HELLO)), failsWith("llm_failed", /api_key/));
});

test("a reset connection is tried once more; a 429 waits as long as it says", async (t) => {
  const { simulator, provider, clock } = await setup(t);
  simulator.fail({ kind: "reset" });
  assert.equal((await provider.complete(HELLO)).text, "ok");
  simulator.fail({ kind: "status", status: 429, headers: { "retry-after": "2" } });
  const waiting = provider.complete(HELLO);
  await simulator.received(3);
  while (clock.pending < 2) await new Promise((next) => setImmediate(next));
  await clock.advance(2_000);
  assert.equal((await waiting).text, "ok");
  simulator.fail({ kind: "status", status: 429, headers: { "retry-after": "600" } });
  await assert.rejects(
    provider.complete(HELLO),
    (error) => AstrocyteError.is(error, "llm_unavailable") && error.details["retryAfterMs"] === 600_000,
  );
});

test("a server that stalls times out, and after five failures it is spared", async (t) => {
  const { simulator, provider, clock } = await setup(t, { timeout_ms: 40 });
  for (let i = 1; i <= 5; i++) {
    simulator.fail({ kind: "stall" });
    const call = assert.rejects(provider.complete(HELLO), failsWith("llm_timeout"));
    await simulator.received(i);
    await clock.advance(40);
    await call;
  }
  await assert.rejects(provider.complete(HELLO), failsWith("circuit_open"));
  await assert.rejects(collect(provider.stream!(HELLO)), failsWith("circuit_open"));
  assert.equal(simulator.requests.length, 5);
  await clock.advance(30_000);
  assert.equal((await provider.complete(HELLO)).text, "ok");
});

test("the caller can cancel", async (t) => {
  const { simulator, provider } = await setup(t);
  simulator.fail({ kind: "stall" });
  const controller = new AbortController();
  const call = assert.rejects(
    provider.complete(HELLO, { signal: controller.signal }),
    failsWith("cancelled"),
  );
  await simulator.received(1);
  controller.abort();
  await call;
});

test("images and audio go out in their wire forms", async (t) => {
  const { simulator, provider } = await setup(t, { modalities: ["image", "audio", "document"] });
  await provider.complete([
    {
      role: "user",
      content: [
        { type: "text", text: "What is this?" },
        { type: "image_url", url: "https://x.test/a.png", detail: "low" },
        { type: "image_base64", mimeType: "image/png", base64Data: "AAAA" },
        { type: "audio_base64", mimeType: "audio/mpeg", base64Data: "BBBB" },
        { type: "audio_url", url: "data:audio/wav;base64,CCCC" },
        { type: "document_url", url: "https://x.test/a.pdf" },
      ],
    },
  ]);
  assert.deepEqual((simulator.requests[0]!.body["messages"] as Array<{ content: unknown }>)[0]!.content, [
    { type: "text", text: "What is this?" },
    { type: "image_url", image_url: { url: "https://x.test/a.png", detail: "low" } },
    { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    { type: "input_audio", input_audio: { data: "BBBB", format: "mp3" } },
    { type: "input_audio", input_audio: { data: "CCCC", format: "wav" } },
    { type: "file", file: { filename: "document", file_data: "https://x.test/a.pdf" } },
  ]);
});

test("a modality that the model lacks is refused before anything is sent", async (t) => {
  const { simulator, provider } = await setup(t);
  const ask = (part: Exclude<Message["content"], string>[number]) =>
    provider.complete([{ role: "user", content: [part] }]);
  await assert.rejects(
    ask({ type: "audio_base64", mimeType: "audio/wav", base64Data: "A" }),
    failsWith("multimodal_not_supported", /audio/),
  );
  await assert.rejects(
    ask({ type: "document_url", url: "https://x.test/hello.pdf" }),
    failsWith("multimodal_not_supported", /document/),
  );
  const loud = await setup(t, { modalities: ["audio"] });
  await assert.rejects(
    loud.provider.complete([{ role: "user", content: [{ type: "audio_url", url: "https://x.test/a.wav" }] }]),
    failsWith("multimodal_not_supported", /audio_base64/),
  );
  assert.equal(simulator.requests.length + loud.simulator.requests.length, 0);
  assert.deepEqual(provider.capabilities().modalitiesSupported, ["text", "image"]);
});

test("embeds in batches and in order, in either encoding", async (t) => {
  const { simulator, provider } = await setup(t, { embedding_dimensions: 32 });
  assert.equal(provider.embeddingModel, "openai:embed-1/32");
  const texts = Array.from({ length: 300 }, (_, i) => `text ${i}`);
  for (const base64 of [false, true]) {
    simulator.base64Embeddings = base64;
    const vectors = await provider.embed(texts);
    assert.equal(vectors.length, 300);
    for (const [i, vector] of vectors.entries()) {
      const expected = hashVector(texts[i]!, 32);
      for (const [at, value] of vector.entries()) assert.ok(Math.abs(value - expected[at]!) < 1e-6);
    }
  }
  assert.deepEqual(
    simulator.requests.map(({ body }) => (body["input"] as string[]).length),
    [128, 128, 44, 128, 128, 44],
  );
  assert.deepEqual(await provider.embed([]), []);
});

test("what is not configured is not supported", async (t) => {
  const { provider } = await setup(t);
  const bare = createOpenAIProvider({ base_url: "http://127.0.0.1:1/v1" });
  t.after(() => bare.close?.());
  await assert.rejects(bare.complete(HELLO), failsWith("not_supported", /config\.model/));
  await assert.rejects(bare.embed(["x"]), failsWith("not_supported", /embedding_model/));
  assert.deepEqual([bare.capabilities().completion, bare.capabilities().embedding], [false, false]);
  assert.deepEqual([provider.capabilities().completion, provider.capabilities().embedding], [true, true]);
});

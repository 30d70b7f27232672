import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../core/errors.ts";
import type { CompleteOptions, CompletionChunk, LLMProvider, Message } from "../memory/llm/provider.ts";
import {
  ask,
  dataLines,
  found,
  hit,
  open,
  post,
  ScriptedMemory,
  ScriptedSessions,
  scriptedUpstream,
  session,
  startBrain,
  until,
  wordsOf,
} from "./brain.fixture.ts";
import type { BrainParts, Upstream } from "./index.ts";

const USAGE = { inputTokens: 11, outputTokens: 4 };

/** A model that does not speak OpenAI's protocol. */
class Model implements LLMProvider {
  readonly name = "model";
  readonly embeddingModel = "none";
  calls: Array<{ messages: Message[]; options: CompleteOptions }> = [];
  chunks: CompletionChunk[] = [
    { type: "text", text: "Hé" },
    { type: "text", text: "llo" },
    { type: "finish", finishReason: "stop", usage: USAGE, model: "model-1" },
  ];
  produced = 0;
  fails: Error | undefined;

  capabilities() {
    return {
      completion: true,
      embedding: false,
      modalitiesSupported: [],
      supportsMultimodalCompletion: false,
      supportsMultimodalEmbedding: false,
    };
  }

  async complete(messages: Message[], options: CompleteOptions = {}) {
    this.calls.push({ messages, options });
    if (this.fails) throw this.fails;
    const toolCalls = this.chunks.flatMap((each) => (each.type === "tool_call" ? [each.toolCall] : []));
    const text = this.chunks.map((each) => (each.type === "text" ? each.text : "")).join("");
    return { text, toolCalls, finishReason: "stop" as const, usage: USAGE, model: "model-1" };
  }

  async embed(): Promise<Float32Array[]> {
    return [];
  }

  async *stream(messages: Message[], options: CompleteOptions = {}): AsyncIterable<CompletionChunk> {
    this.calls.push({ messages, options });
    for (const each of this.chunks) {
      this.produced++;
      yield each;
    }
    if (this.fails) throw this.fails;
  }
}

async function start(
  t: Parameters<typeof scriptedUpstream>[0],
  upstreams: Upstream[],
  parts: Partial<BrainParts> = {},
) {
  return startBrain(t, await scriptedUpstream(t), { upstreams, ...parts });
}

test("a model behind the provider interface is re-encoded to OpenAI's stream", async (t) => {
  const provider = new Model();
  const { url } = await start(t, [{ kind: "provider", provider, model: "model-1" }]);
  const answer = await post(
    url,
    ask("hi", { stream_options: { include_usage: true }, max_tokens: 9, stop: "x", temperature: 0 }),
  );
  const events = dataLines(answer.text).map((data) => JSON.parse(data));
  assert.deepEqual(
    events.map(({ choices }) => choices[0]?.delta),
    [{ role: "assistant", content: "Hé" }, { content: "llo" }, {}, undefined],
  );
  assert.equal(events[2].choices[0].finish_reason, "stop");
  assert.deepEqual(events[3].usage, { prompt_tokens: 11, completion_tokens: 4, total_tokens: 15 });
  assert.ok(answer.text.endsWith("data: [DONE]\n\n"));
  assert.ok(events.every(({ id, object }) => id === events[0].id && object === "chat.completion.chunk"));
  const { maxTokens, stop, temperature, model } = provider.calls[0]!.options;
  assert.deepEqual([maxTokens, stop, temperature, model], [9, ["x"], 0, "model-1"]);
});

test("messages, parts and tools arrive in the provider's own terms", async (t) => {
  const provider = new Model();
  provider.chunks = [
    { type: "tool_call", toolCall: { id: "c1", name: "look", arguments: '{"a":1}' } },
    { type: "tool_call", toolCall: { id: "c2", name: "look", arguments: "{}" } },
    { type: "finish", finishReason: "tool_calls", usage: USAGE, model: "model-1" },
  ];
  const { url } = await start(t, [{ kind: "provider", provider }]);
  const toolCall = { id: "c0", type: "function", function: { name: "look", arguments: "{}" } };
  const messages = [
    { role: "developer", content: "Be kind." },
    {
      role: "user",
      content: [
        { type: "text", text: "See" },
        { type: "image_url", image_url: { url: "data:image/png;base64,QUJD" } },
        { type: "input_audio", input_audio: { data: "QQ==", format: "wav" } },
      ],
    },
    { role: "assistant", content: null, tool_calls: [toolCall] },
    { role: "tool", tool_call_id: "c0", content: "a cat" },
  ];
  const tools = [
    { type: "function", function: { name: "look", description: "Looks", parameters: { type: "object" } } },
  ];
  const answer = await post(url, { model: "m", stream: true, messages, tools });
  assert.deepEqual(provider.calls[0]!.messages, [
    { role: "system", content: "Be kind." },
    {
      role: "user",
      content: [
        { type: "text", text: "See" },
        { type: "image_base64", mimeType: "image/png", base64Data: "QUJD" },
        { type: "audio_base64", mimeType: "audio/wav", base64Data: "QQ==" },
      ],
    },
    { role: "assistant", content: "", toolCalls: [{ id: "c0", name: "look", arguments: "{}" }] },
    { role: "tool", content: "a cat", toolCallId: "c0" },
  ]);
  assert.deepEqual(provider.calls[0]!.options.tools, [
    { name: "look", description: "Looks", parameters: { type: "object" } },
  ]);
  const calls = dataLines(answer.text).flatMap((data) => JSON.parse(data).choices[0].delta.tool_calls ?? []);
  assert.deepEqual(
    calls.map(({ index, id }: { index: number; id: string }) => [index, id]),
    [
      [0, "c1"],
      [1, "c2"],
    ],
  );
  const whole = await post(url, { model: "m", messages, tools });
  const { message } = JSON.parse(whole.text).choices[0];
  assert.deepEqual(
    message.tool_calls.map(({ id }: { id: string }) => id),
    ["c1", "c2"],
  );
  assert.equal(JSON.parse(whole.text).usage.total_tokens, 15);
});

test("what the provider cannot do is refused by name, not dropped", async (t) => {
  const { url } = await start(t, [{ kind: "provider", provider: new Model() }]);
  const odd = [
    { n: 2 },
    { logprobs: true },
    { response_format: { type: "json_schema", json_schema: {} } },
    { tool_choice: "required" },
    { messages: [{ role: "user", content: [{ type: "file", file: {} }] }] },
  ];
  for (const field of odd) {
    const answer = await post(url, ask("hi", field));
    assert.equal(answer.status, 422);
    assert.equal(JSON.parse(answer.text).error.param, Object.keys(field)[0]);
  }
});

test("a provider's failure: before the first word the next upstream takes over, after it an error event", async (t) => {
  const provider = new Model();
  provider.chunks = [];
  provider.fails = new AstrocyteError("llm_unavailable", "[llm] down.");
  const { url } = await start(t, [{ kind: "provider", provider }, { kind: "none" }]);
  assert.match(wordsOf((await post(url, ask("hi"))).text), /No language model/);
  provider.chunks = [{ type: "text", text: "Once" }];
  const answer = await post(url, ask("hi"));
  assert.equal(answer.status, 200);
  assert.match(answer.text, /"content":"Once"[\s\S]*\n\ndata: {"error":{"message":"\[llm\] down\."/);
});

test("a provider stops when the caller hangs up, also one that does not look at its signal", async (t) => {
  const provider = new Model();
  let waiting: () => void = () => {};
  let closed = false;
  provider.stream = async function* () {
    try {
      for (;;) {
        yield { type: "text", text: "more " };
        await new Promise<void>((resolve) => (waiting = resolve));
      }
    } finally {
      closed = true;
    }
  };
  const { url, turns } = await start(t, [{ kind: "provider", provider }]);
  const sent = open(url, ask("hi"));
  sent.on("error", () => {});
  sent.on("response", (res) => res.on("error", () => {}).once("data", () => sent.destroy()));
  await until(() => turns.length === 1);
  waiting();
  await until(() => closed);
  assert.equal(turns[0]!.outcome, "cancelled");
});

test("with no model at all, briefing and memory are quoted, and the answer says so", async (t) => {
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("Anna drives a red Volvo.")]);
  const sessions = new ScriptedSessions();
  const line = (text: string, sensitivity: "open" | "never_spoken") => ({
    block: "facts" as const,
    text,
    sensitivity,
  });
  const lines = [
    line("- Car insurance: full", "open"),
    line("- Car debt: 900", "never_spoken"),
    line("- City: Lisbon", "open"),
  ];
  sessions.byKey.set("key-anna", session("anna", { briefing: { text: "", lines } }));
  const { url } = await start(t, [{ kind: "none" }], { memory, sessions });
  const answer = await post(url, ask("Which car does Anna drive?"), { key: "key-anna" });
  const words = wordsOf(answer.text);
  assert.match(
    words,
    /^No language model is set up.*records: Car insurance: full\. .*conversation: Anna drives a red Volvo\.$/,
  );
  assert.ok(dataLines(answer.text).length > 5, "word by word");
  memory.answer = async () => found([]);
  const unknown = await post(url, ask("How tall is the tower?", { stream: false }), { key: "key-anna" });
  assert.match(JSON.parse(unknown.text).choices[0].message.content, /know nothing about that yet/);
});

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, Output, streamText, tool } from "ai";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import {
  APP_KEY,
  chunk,
  chunks,
  completion,
  EVENTS,
  event,
  found,
  hit,
  KEY,
  post,
  ScriptedMemory,
  ScriptedSessions,
  scriptedUpstream,
  sendStream,
  session,
  startBrain,
  until,
  wordsOf,
} from "../src/brain/brain.fixture.ts";

/** The clients that people point at a `base_url`, as they come from npm. */

const QUESTION = "Which car does Anna drive?";

async function start(t: TestContext) {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("Anna drives a red Volvo.")]);
  const sessions = new ScriptedSessions();
  sessions.byKey.set("ses_anna.key", session("anna"));
  const keys = [{ ...APP_KEY, bank: "app:{user}", allowUserScope: true }];
  const brain = await startBrain(t, upstream, {
    memory,
    sessions,
    keys: [...keys, { ...APP_KEY, hash: "0".repeat(64) }],
  });
  return { ...brain, upstream, memory };
}

const json = { "content-type": "application/json" };
const call = (index: number, name: string, args: string) => ({
  index,
  id: `call_${index}`,
  type: "function",
  function: { name, arguments: args },
});
const PARALLEL = [
  chunk({ role: "assistant", content: null, tool_calls: [call(0, "weather", "")] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '"Lisbon"}' } }] }),
  chunk({ tool_calls: [call(1, "weather", '{"city":"Porto"}')] }),
  chunk({}, "tool_calls"),
  event({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m-1",
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  }),
  "data: [DONE]\n\n",
].join("");
const WHOLE_CALLS = completion(
  {
    content: null,
    tool_calls: [call(0, "weather", '{"city":"Lisbon"}'), call(1, "weather", '{"city":"Porto"}')].map(
      ({ index: _, ...rest }) => rest,
    ),
  },
  "tool_calls",
);

test("openai: a stream, with usage and the memory's header", async (t) => {
  const { url, upstream } = await start(t);
  const client = new OpenAI({ baseURL: url, apiKey: KEY, maxRetries: 0 });
  const { data, response } = await client.chat.completions
    .create({ model: "m", stream: true, user: "anna", messages: [{ role: "user", content: QUESTION }] })
    .withResponse();
  let words = "";
  for await (const part of data) words += part.choices[0]?.delta.content ?? "";
  assert.equal(words, "Hello there.");
  assert.equal(response.headers.get("x-astrocyte-memory"), "ok");
  assert.match(upstream.requests[0]!.raw, /red Volvo/);
});

test("openai: tools, in parallel, with its own runner", async (t) => {
  const { url, upstream } = await start(t);
  upstream.answer = (res, _req, count) =>
    count === 1 ? sendStream(res, PARALLEL) : sendStream(res, chunks("Sunny", " in both."));
  const client = new OpenAI({ baseURL: url, apiKey: KEY });
  const cities: string[] = [];
  const runner = client.chat.completions.runTools({
    model: "m",
    stream: true,
    user: "anna",
    messages: [{ role: "user", content: QUESTION }],
    tools: [
      {
        type: "function",
        function: {
          name: "weather",
          description: "Weather of a city",
          parameters: { type: "object", properties: { city: { type: "string" } } },
          parse: JSON.parse,
          function: ({ city }: { city: string }) => {
            cities.push(city);
            return "sunny";
          },
        },
      },
    ],
  });
  assert.equal(await runner.finalContent(), "Sunny in both.");
  assert.deepEqual(cities, ["Lisbon", "Porto"]);
  assert.equal(upstream.requests[1]!.body.messages.filter(({ role }) => role === "tool").length, 2);
});

test("openai: structured output", async (t) => {
  const { url, upstream } = await start(t);
  upstream.answer = (res) =>
    res.writeHead(200, json).end(completion({ content: '{"make":"Volvo","colour":"red"}', refusal: null }));
  const client = new OpenAI({ baseURL: url, apiKey: KEY });
  const format = zodResponseFormat(z.object({ make: z.string(), colour: z.string() }), "car");
  const answer = await client.chat.completions.parse({
    model: "m",
    user: "anna",
    messages: [{ role: "user", content: QUESTION }],
    response_format: format,
  });
  assert.deepEqual(answer.choices[0]!.message.parsed, { make: "Volvo", colour: "red" });
  assert.deepEqual(upstream.requests[0]!.body["response_format"], JSON.parse(JSON.stringify(format)));
});

test("openai: abort ends the upstream's work", async (t) => {
  const { url, upstream, turns } = await start(t);
  upstream.answer = (res) => void res.writeHead(200, EVENTS).write(chunk({ content: "Once" }));
  const client = new OpenAI({ baseURL: url, apiKey: KEY });
  const stream = await client.chat.completions.create({
    model: "m",
    stream: true,
    user: "anna",
    messages: [{ role: "user", content: QUESTION }],
  });
  for await (const _ of stream) break;
  await until(() => upstream.cancelled === 1 && turns.length === 1);
  assert.equal(turns[0]!.outcome, "cancelled");
});

test("openai: errors are its own classes, also in the middle of a stream", async (t) => {
  const { url, upstream } = await start(t);
  const messages = [{ role: "user" as const, content: QUESTION }];
  const wrong = new OpenAI({ baseURL: url, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(wrong.chat.completions.create({ model: "m", messages }), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, "invalid_api_key");
    return true;
  });
  const client = new OpenAI({ baseURL: url, apiKey: KEY, maxRetries: 0 });
  await assert.rejects(client.chat.completions.create({ model: "m", messages }), OpenAI.BadRequestError);
  upstream.answer = (res) =>
    res.writeHead(429, json).end('{"error":{"message":"slow down","type":"rate_limit_error"}}');
  await assert.rejects(
    client.chat.completions.create({ model: "m", messages, user: "anna" }),
    OpenAI.RateLimitError,
  );
  upstream.answer = (res) =>
    void res.writeHead(200, EVENTS).write(chunk({ content: "Once" }), () => res.socket?.destroy());
  const stream = await client.chat.completions.create({ model: "m", messages, stream: true, user: "anna" });
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, /connection to the model's server was lost/);
});

test("openai: the list of models, and a session's key in the base URL", async (t) => {
  const { url } = await start(t);
  const client = new OpenAI({ baseURL: url.replace("/v1", "/s/ses_anna.key/v1"), apiKey: "unused" });
  const ids = [];
  for await (const { id } of client.models.list()) ids.push(id);
  assert.deepEqual(ids, ["astrocyte"]);
  const answer = await client.chat.completions
    .stream({ model: "m", messages: [{ role: "user", content: QUESTION }] })
    .finalContent();
  assert.equal(answer, "Hello there.");
});

test("ai sdk: stream, parallel tools over two steps, structured output", async (t) => {
  const { url, upstream } = await start(t);
  const provider = createOpenAICompatible({
    name: "astrocyte",
    baseURL: url.replace("/v1", "/s/ses_anna.key/v1"),
    apiKey: KEY,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  const model = provider("m");
  const streamed = streamText({ model, prompt: QUESTION });
  let words = "";
  for await (const part of streamed.textStream) words += part;
  assert.equal(words, "Hello there.");
  upstream.answer = (res) => sendStream(res, PARALLEL);
  const tools = {
    weather: tool({
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => `${city}: sunny`,
    }),
  };
  const called = streamText({ model, prompt: QUESTION, tools });
  const results = await called.toolResults;
  assert.deepEqual(
    results.map(({ output }) => output),
    ["Lisbon: sunny", "Porto: sunny"],
  );
  assert.equal((await called.usage).inputTokens, 9);
  upstream.answer = (res) => res.writeHead(200, json).end(completion({ content: '{"make":"Volvo"}' }));
  const { output } = await generateText({
    model,
    prompt: QUESTION,
    output: Output.object({ schema: z.object({ make: z.string() }) }),
  });
  assert.deepEqual(output, { make: "Volvo" });
});

test("langchain: stream, and tools in parallel", async (t) => {
  const { url, upstream } = await start(t);
  const model = new ChatOpenAI({
    model: "m",
    apiKey: KEY,
    user: "anna",
    configuration: { baseURL: url },
    useResponsesApi: false,
    maxRetries: 0,
  });
  let words = "";
  for await (const part of await model.stream([
    new SystemMessage("You are Nova."),
    new HumanMessage(QUESTION),
  ]))
    words += String(part.content);
  assert.equal(words, "Hello there.");
  assert.match(upstream.requests[0]!.raw, /red Volvo/);
  const weather = langchainTool(async ({ city }: { city: string }) => city, {
    name: "weather",
    description: "Weather of a city",
    schema: z.object({ city: z.string() }),
  });
  upstream.answer = (res) => res.writeHead(200, json).end(WHOLE_CALLS);
  const answer = await model.bindTools([weather]).invoke([new HumanMessage(QUESTION)]);
  assert.deepEqual(
    answer.tool_calls?.map(({ name, args }) => [name, args]),
    [
      ["weather", { city: "Lisbon" }],
      ["weather", { city: "Porto" }],
    ],
  );
  upstream.answer = (res) => sendStream(res, PARALLEL);
  let merged: Awaited<ReturnType<typeof model.invoke>> | undefined;
  for await (const part of await model.bindTools([weather]).stream([new HumanMessage(QUESTION)]))
    merged = merged ? (merged.concat(part) as typeof merged) : part;
  assert.equal(merged?.tool_calls?.length, 2);
});

test("a request in the shape of ElevenLabs' loses what models refuse, and its system tools come back", async (t) => {
  const { url, upstream, memory } = await start(t);
  const endCall = [
    chunk({ role: "assistant", tool_calls: [call(0, "end_call", "{}")] }),
    chunk({}, "tool_calls"),
    "data: [DONE]\n\n",
  ].join("");
  upstream.answer = (res) => sendStream(res, endCall);
  const body = {
    messages: [
      { role: "system", content: "You are Nova." },
      { role: "assistant", content: "Hi, how can I help?" },
      { role: "user", content: QUESTION },
    ],
    model: "x",
    temperature: 0,
    max_tokens: 1000,
    stream: true,
    tools: [{ type: "function", function: { name: "end_call", parameters: {} } }],
    user_id: "person:ben",
    elevenlabs_extra_body: { any: "json" },
  };
  const answer = await post(url, body, { key: "ses_anna.key" });
  assert.equal(answer.text, endCall);
  const { messages: _, elevenlabs_extra_body: __, user_id: ___, ...kept } = body;
  const { messages, ...sent } = upstream.requests[0]!.body;
  assert.deepEqual(sent, { ...kept, stream_options: { include_usage: true } });
  assert.equal(messages.length, 3);
  assert.deepEqual(memory.recalls[0]!.options.banks, ["person:anna"]);
});

test("what only looks like ElevenLabs' is anybody's, and survives", async (t) => {
  const { url, upstream } = await start(t);
  const body = { model: "x", messages: [{ role: "user", content: QUESTION }], user_id: "ben", stream: false };
  await post(url, body, { key: "ses_anna.key" });
  assert.equal(upstream.requests[0]!.body["user_id"], "ben");
});

test("a request in the shape of LiveAvatar's: bearer key of one conversation, three fields", async (t) => {
  const { url, upstream } = await start(t);
  const messages = [
    { role: "system", content: "Context prompt." },
    { role: "user", content: QUESTION },
  ];
  const answer = await post(url, { model: "nova", stream: true, messages }, { key: "ses_anna.key" });
  assert.equal(wordsOf(answer.text), "Hello there.");
  assert.match(upstream.requests[0]!.raw, /red Volvo/);
  assert.equal(
    (await post(url, { model: "nova", stream: true, messages }, { key: "ses_anna.forged" })).status,
    401,
  );
});

test("a speculative caller such as Tavus: many abandoned calls, one that counts, nothing stored", async (t) => {
  const { url, upstream, memory, turns } = await start(t);
  upstream.answer = async (res) => {
    res.writeHead(200, EVENTS).write(chunk({ role: "assistant", content: "A" }));
    await new Promise((resolve) => setImmediate(resolve));
    res.end(`${chunk({ content: " Volvo." })}${chunk({}, "stop")}data: [DONE]\n\n`);
  };
  const base = url.replace("/v1", "/s/ses_anna.key/v1");
  const client = new OpenAI({ baseURL: base, apiKey: "k", maxRetries: 0 });
  const words = QUESTION.split(" ");
  const speculations = words.slice(1).map(async (_, index) => {
    const messages = [
      { role: "system" as const, content: "<user_appearance>a hat</user_appearance>" },
      {
        role: "user" as const,
        content: `<user_audio_analysis>calm</user_audio_analysis>\n${words.slice(0, index + 2).join(" ")}`,
      },
    ];
    const abort = new AbortController();
    const last = index === words.length - 2;
    const stream = await client.chat.completions.create(
      { model: "m", stream: true, messages },
      { signal: abort.signal },
    );
    let said = "";
    for await (const part of stream) {
      said += part.choices[0]?.delta.content ?? "";
      if (!last) abort.abort();
    }
    return last ? said : undefined;
  });
  const said = (await Promise.allSettled(speculations)).flatMap((each) =>
    each.status === "fulfilled" && each.value ? [each.value] : [],
  );
  assert.deepEqual(said, ["A Volvo."]);
  await until(() => turns.length === words.length - 1);
  assert.equal(memory.retained.length, 0);
  assert.ok(memory.recalls.every(({ query }) => !query.includes("calm")));
});

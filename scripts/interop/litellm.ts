import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { stringify } from "yaml";
import {
  APP_KEY,
  ask,
  chunk,
  completion,
  EVENTS,
  event,
  found,
  hit,
  KEY,
  post,
  ScriptedMemory,
  scriptedUpstream,
  startBrain,
  until,
  wordsOf,
} from "../../src/brain/brain.fixture.ts";
import type { Checks } from "./checks.ts";
import { environment } from "./python.ts";

/** A release 1.107.0 was reported as compromised: nothing from there on. */
const LITELLM = "litellm[proxy]<1.107.0";
const MASTER = "sk-interop-master";
const QUESTION = "Which car does Anna drive?";

/** A real LiteLLM proxy behind the brain, and in front of it. */
export async function litellm({ check, after }: Checks): Promise<void> {
  const bin = await environment("litellm", [LITELLM]);
  const upstream = await scriptedUpstream({ after });
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("Anna drives a red Volvo.")]);
  const port = await freePort();
  const proxy = `http://127.0.0.1:${port}/v1`;
  const { url, turns } = await startBrain({ after }, upstream, {
    memory,
    keys: [APP_KEY],
    upstreams: [
      {
        kind: "litellm",
        name: "proxy",
        baseUrl: proxy,
        apiKey: MASTER,
        models: { fast: "support-chat", odd: "no-such" },
      },
      { kind: "openai", name: "direct", baseUrl: upstream.url, models: { straight: "m-1" } },
    ],
  });
  await startProxy({ bin, port, upstream: upstream.url, brain: url, after });

  await check("brain → LiteLLM: a stream, with memory and usage", async () => {
    const usage = { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 };
    upstream.answer = (res) =>
      res
        .writeHead(200, EVENTS)
        .end(
          `${chunk({ role: "assistant", content: "A" })}${chunk({ content: " Volvo." })}${chunk({}, "stop")}${event({ id: "c", object: "chat.completion.chunk", created: 1, model: "m-1", choices: [], usage })}data: [DONE]\n\n`,
        );
    const answer = await post(url, ask(QUESTION, { model: "fast", stream_options: { include_usage: true } }));
    assert.equal(wordsOf(answer.text), "A Volvo.");
    assert.match(upstream.requests.at(-1)!.raw, /red Volvo/);
    await until(() => turns.at(-1)?.usage !== undefined);
    assert.equal(turns.at(-1)!.usage!.inputTokens, 20);
  });

  await check("brain → LiteLLM: an answer in one piece, with its cost", async () => {
    upstream.answer = (res) =>
      res.writeHead(200, { "content-type": "application/json" }).end(completion({ content: "A Volvo." }));
    const before = turns.length;
    const answer = await post(url, ask(QUESTION, { model: "fast", stream: false }));
    assert.equal(JSON.parse(answer.text).choices[0].message.content, "A Volvo.");
    await until(() => turns.length > before);
    // 10 tokens in, 5 out, at a tenth and at a fifth of a cent.
    assert.ok(Math.abs(turns.at(-1)!.cents! - 2) < 1e-6, `${turns.at(-1)!.cents} cents`);
  });

  await check("brain → LiteLLM: parallel tool calls", async () => {
    const call = (index: number) => ({
      index,
      id: `c${index}`,
      type: "function",
      function: { name: "look", arguments: `{"at":${index}}` },
    });
    upstream.answer = (res) =>
      res
        .writeHead(200, EVENTS)
        .end(
          `${chunk({ role: "assistant", tool_calls: [call(0)] })}${chunk({ tool_calls: [call(1)] })}${chunk({}, "tool_calls")}data: [DONE]\n\n`,
        );
    const client = new OpenAI({ baseURL: url, apiKey: KEY });
    const tools = [
      {
        type: "function" as const,
        function: { name: "look", parameters: { type: "object", properties: {} } },
      },
    ];
    const done = await client.chat.completions
      .stream({ model: "fast", tools, messages: [{ role: "user", content: QUESTION }] })
      .finalChatCompletion();
    const calls = done.choices[0]!.message.tool_calls ?? [];
    assert.deepEqual(
      calls.map((each) => each.type === "function" && each.function.arguments),
      ['{"at":0}', '{"at":1}'],
    );
  });

  await check("brain → LiteLLM: its own error for a model that it does not have", async () => {
    const answer = await post(url, ask(QUESTION, { model: "odd" }));
    assert.equal(answer.status, 400);
    assert.match(JSON.parse(answer.text).error.message, /no-such/);
  });

  await check("brain → LiteLLM: hanging up ends the proxy's call", async () => {
    upstream.answer = (res) => {
      const timer = setInterval(() => res.write(chunk({ content: "more " })), 20);
      res.writeHead(200, EVENTS).on("close", () => clearInterval(timer));
    };
    const { cancelled } = upstream;
    const client = new OpenAI({ baseURL: url, apiKey: KEY });
    const stream = await client.chat.completions.create({
      model: "fast",
      stream: true,
      messages: [{ role: "user", content: QUESTION }],
    });
    for await (const _ of stream) break;
    await until(() => upstream.cancelled > cancelled);
  });

  await check("LiteLLM → brain: the proxy's `brain` model has memory", async () => {
    upstream.answer = (res) =>
      res
        .writeHead(200, EVENTS)
        .end(`${chunk({ role: "assistant", content: "A Volvo." })}${chunk({}, "stop")}data: [DONE]\n\n`);
    const client = new OpenAI({ baseURL: proxy, apiKey: MASTER });
    const words = [];
    const stream = await client.chat.completions.create({
      model: "brain",
      stream: true,
      messages: [{ role: "user", content: QUESTION }],
    });
    for await (const part of stream) words.push(part.choices[0]?.delta.content ?? "");
    assert.equal(words.join(""), "A Volvo.");
    assert.match(upstream.requests.at(-1)!.raw, /red Volvo/);
  });
}

type ProxyOptions = { bin: string; port: number; upstream: string; brain: string; after: Checks["after"] };

async function startProxy({ bin, port, upstream, brain, after }: ProxyOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "astrocyte-litellm-"));
  const config = join(folder, "config.yaml");
  const prices = { input_cost_per_token: 0.001, output_cost_per_token: 0.002 };
  const model_list = [
    {
      model_name: "support-chat",
      litellm_params: { model: "openai/m-1", api_base: upstream, api_key: "sk-x", ...prices },
    },
    { model_name: "brain", litellm_params: { model: "openai/straight", api_base: brain, api_key: KEY } },
  ];
  writeFileSync(
    config,
    stringify({ model_list, general_settings: { master_key: MASTER }, litellm_settings: { num_retries: 0 } }),
  );
  const child = spawn(
    join(bin, "litellm"),
    ["--config", config, "--port", String(port), "--host", "127.0.0.1"],
    {
      cwd: folder,
      env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, LITELLM_LOCAL_MODEL_COST_MAP: "True" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let log = "";
  child.stdout.on("data", (part) => (log += part));
  child.stderr.on("data", (part) => (log += part));
  after(() => void child.kill());
  for (let tries = 0; tries < 240; tries++) {
    if (child.exitCode !== null) break;
    const alive = await fetch(`http://127.0.0.1:${port}/health/liveliness`).catch(() => undefined);
    if (alive?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`the LiteLLM proxy did not start:\n${log.slice(-2_000)}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BrainToolCall, BrainTools } from "../composer/tools/in-brain.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import {
  APP_KEY,
  ask,
  chunk,
  chunks,
  completion,
  dataLines,
  EVENTS,
  event,
  found,
  hit,
  open,
  post,
  ScriptedMemory,
  ScriptedSessions,
  scriptedUpstream,
  sendStream,
  session,
  startBrain,
  until,
  wordsOf,
} from "./brain.fixture.ts";
import type { BrainParts } from "./index.ts";

async function start(t: Parameters<typeof scriptedUpstream>[0], parts: Partial<BrainParts> = {}) {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("Anna drives a red Volvo.")]);
  const clock = new FakeClock();
  const keys = [{ ...APP_KEY, memoryTools: true, recall: { maxResults: 1 } }];
  return { ...(await startBrain(t, upstream, { memory, clock, keys, ...parts })), upstream, memory, clock };
}

/** A call in two pieces, as models stream it. */
function call(index: number, name: string, args: string): string {
  const [head, tail] = [args.slice(0, 5), args.slice(5)];
  return [
    chunk({
      tool_calls: [{ index, id: `call_${index}`, type: "function", function: { name, arguments: head } }],
    }),
    chunk({ tool_calls: [{ index, function: { arguments: tail } }] }),
  ].join("");
}

const ROLE = chunk({ role: "assistant", content: "" });
const END = `${chunk({}, "tool_calls")}data: [DONE]\n\n`;
const LOOK = { type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } };

test("the model's calls of recall are answered within the stream, and the caller sees the answer alone", async (t) => {
  const { url, upstream, memory, turns } = await start(t);
  upstream.answer = (res, _req, count) =>
    sendStream(
      res,
      count === 1
        ? `${ROLE}${call(0, "recall", '{"query":"Anna\'s car?"}')}${END}`
        : `${ROLE}${chunk({ content: "A Volvo." })}${chunk({}, "stop")}data: [DONE]\n\n`,
    );
  const answer = await post(url, ask("Tell me about the car that Anna drives", { tools: [LOOK], x: 1.0 }));
  assert.equal(wordsOf(answer.text), "A Volvo.");
  assert.doesNotMatch(answer.text, /tool_call/);
  assert.equal(answer.text.split("[DONE]").length, 2);
  assert.equal(answer.text.split('"role"').length, 2);
  const [first, second] = upstream.requests.map(({ body }) => body);
  assert.deepEqual(
    first!.tools!.map((tool) => (tool as typeof LOOK).function.name),
    ["look", "recall", "remember"],
  );
  assert.deepEqual(first!.tools![0], LOOK);
  const [assistant, result] = second!.messages.slice(-2);
  assert.deepEqual(assistant!["tool_calls"], [
    { id: "call_0", type: "function", function: { name: "recall", arguments: '{"query":"Anna\'s car?"}' } },
  ]);
  assert.equal(result!["tool_call_id"], "call_0");
  assert.match(String(result!.content), /red Volvo/);
  assert.equal(memory.recalls[1]!.query, "Anna's car?");
  assert.deepEqual(memory.recalls[1]!.options.banks, ["app:notes"]);
  await until(() => turns.length === 1);
  assert.deepEqual([turns[0]!.attempts, turns[0]!.toolCalls], [2, 1]);
});

test("words before the call go out at once", async (t) => {
  const { url, upstream, memory } = await start(t);
  let finish = () => {};
  upstream.answer = (res, _req, count) => {
    if (count > 1) return sendStream(res, chunks(" A Volvo."));
    res.writeHead(200, EVENTS).write(chunk({ role: "assistant", content: "Let me think." }));
    finish = () => res.end(`${call(0, "recall", '{"query":"car"}')}${END}`);
  };
  const parts: string[] = [];
  let ended = false;
  open(url, ask("Tell me about the car that Anna drives")).on("response", (res) =>
    res.on("data", (part) => parts.push(String(part))).on("end", () => (ended = true)),
  );
  await until(() => parts.length > 0);
  assert.equal(memory.recalls.length, 1);
  finish();
  await until(() => ended);
  assert.equal(wordsOf(parts.join("")), "Let me think. A Volvo.");
});

test("the caller's own calls pass through untouched", async (t) => {
  const { url, upstream } = await start(t);
  const stream = `${ROLE}${call(0, "look", '{"at":"it"}')}${call(1, "look", '{"at":"that"}')}${END}`;
  upstream.answer = (res) => sendStream(res, stream);
  assert.equal(
    (await post(url, ask("Tell me about the car that Anna drives", { tools: [LOOK] }))).text,
    stream,
  );
  assert.equal(upstream.requests.length, 1);
});

test("calls of both at once: the caller gets its own, in the first places", async (t) => {
  const { url, upstream, memory, clock } = await start(t);
  const both = `${ROLE}${call(0, "remember", '{"text":"Anna likes tea."}')}${call(1, "look", '{"at":"it"}')}${END}`;
  upstream.answer = (res) => sendStream(res, both);
  const answer = await post(url, ask("Tell me about the car that Anna drives", { tools: [LOOK] }));
  const calls = dataLines(answer.text).flatMap((data) => JSON.parse(data).choices[0].delta.tool_calls ?? []);
  assert.deepEqual(
    calls.map(({ index }: { index: number }) => index),
    [0, 0],
  );
  assert.equal(calls[0].function.name, "look");
  assert.equal(
    calls.map((each: { function: { arguments: string } }) => each.function.arguments).join(""),
    '{"at":"it"}',
  );
  assert.match(answer.text, /"finish_reason":"tool_calls"[\s\S]*\[DONE\]/);
  assert.equal(upstream.requests.length, 1);
  await clock.advance(10_000);
  assert.equal(memory.retained.length, 0, "the turn has not come to its end yet");
});

test("rounds are bounded: the last one offers no tools", async (t) => {
  const { url, upstream } = await start(t, { settings: { toolRounds: 2 } });
  upstream.answer = (res, _req, count) =>
    sendStream(res, count <= 2 ? `${ROLE}${call(0, "recall", '{"query":"more"}')}${END}` : chunks("Enough."));
  assert.equal(wordsOf((await post(url, ask("Tell me about the car that Anna drives"))).text), "Enough.");
  assert.deepEqual(
    upstream.requests.map(({ body }) => body.tools?.length ?? 0),
    [2, 2, 0],
  );
});

test("a memory that hangs, and arguments that are none, are told to the model", async (t) => {
  const { url, upstream, memory, clock } = await start(t);
  memory.answer = async (_, { deadlineMs }) => (deadlineMs === 150 ? found([]) : new Promise(() => {}));
  upstream.answer = (res, _req, count) =>
    sendStream(
      res,
      count === 1
        ? `${ROLE}${call(0, "recall", '{"query":"car"}')}${call(1, "recall", "{broken")}${call(2, "remember", "[]")}${END}`
        : chunks("I do not know."),
    );
  const waiting = post(url, ask("Tell me about the car that Anna drives"));
  await until(() => memory.recalls.length === 2);
  await clock.advance(5_000);
  assert.equal(wordsOf((await waiting).text), "I do not know.");
  const told = upstream.requests[1]!.body.messages.slice(-3).map(({ content }) => content);
  assert.deepEqual(told, [
    "Memory did not answer. Go on without it.",
    "Nothing done: the argument is missing.",
    "Nothing done: the argument is missing.",
  ]);
});

test("what the model wants remembered is stored once the turn has run to its end, and once", async (t) => {
  const { url, upstream, memory, clock, close } = await start(t);
  upstream.answer = (res, _req, count) =>
    sendStream(
      res,
      count % 2 === 1
        ? `${ROLE}${call(0, "remember", '{"text":"Anna likes tea."}')}${END}`
        : chunks("Noted."),
    );
  await post(url, ask("Please remember that Anna likes tea"));
  assert.equal(memory.retained.length, 0);
  await post(url, ask("Please remember that Anna likes tea"));
  await clock.advance(3_000);
  await close();
  const keys = memory.retained.map(({ options }) => options.idempotencyKey);
  assert.equal(new Set(keys).size, 1);
  assert.equal(memory.retained[0]!.content, "Anna likes tea.");
  assert.equal(memory.retained[0]!.options.bankId, "app:notes");
});

test("a turn that the caller left behind stores nothing", async (t) => {
  const { url, upstream, memory, clock, turns } = await start(t);
  upstream.answer = (res, _req, count) => {
    if (count === 1) sendStream(res, `${ROLE}${call(0, "remember", '{"text":"Anna likes tea."}')}${END}`);
    else res.writeHead(200, EVENTS).write(chunk({ content: "Not" }));
  };
  const sent = open(url, ask("Please remember that Anna likes tea"));
  sent.on("error", () => {});
  sent.on("response", (res) => res.on("error", () => {}).once("data", () => sent.destroy()));
  await until(() => turns.length === 1);
  await clock.advance(10_000);
  assert.equal(memory.retained.length, 0);
});

test("a caller's tool of the same name is the caller's", async (t) => {
  const { url, upstream } = await start(t);
  const recall = { type: "function", function: { name: "recall", parameters: {} } };
  const stream = `${ROLE}${call(0, "recall", '{"query":"car"}')}${END}`;
  upstream.answer = (res) => sendStream(res, stream);
  const answer = await post(url, ask("Tell me about the car that Anna drives", { tools: [recall] }));
  assert.equal(answer.text, stream);
  assert.equal(upstream.requests[0]!.body.tools!.length, 2);
});

test("an answer in one piece resolves the same way", async (t) => {
  const { url, upstream } = await start(t);
  const json = { "content-type": "application/json" };
  const calls = (...names: string[]) =>
    names.map((name, index) => ({
      id: `c${index}`,
      type: "function",
      function: { name, arguments: '{"query":"car"}' },
    }));
  upstream.answer = (res, _req, count) =>
    res
      .writeHead(200, json)
      .end(
        count === 1
          ? completion({ content: null, tool_calls: calls("recall") }, "tool_calls")
          : completion({ content: null, tool_calls: calls("recall", "look") }, "tool_calls"),
      );
  const answer = await post(
    url,
    ask("Tell me about the car that Anna drives", { stream: false, tools: [LOOK] }),
  );
  assert.equal(upstream.requests.length, 2);
  const { message } = JSON.parse(answer.text).choices[0];
  assert.deepEqual(message.tool_calls, [calls("recall", "look")[1]]);
});

test("usage of all rounds is counted; the caller hears of the last", async (t) => {
  const { url, upstream, turns } = await start(t);
  const usage = (tokens: number) =>
    event({ choices: [], usage: { prompt_tokens: tokens, completion_tokens: 1 } });
  upstream.answer = (res, _req, count) =>
    sendStream(
      res,
      count === 1
        ? `${ROLE}${call(0, "recall", '{"query":"car"}')}${chunk({}, "tool_calls")}${usage(100)}data: [DONE]\n\n`
        : `${chunk({ content: "A Volvo." })}${chunk({}, "stop")}${usage(150)}data: [DONE]\n\n`,
    );
  const answer = await post(
    url,
    ask("Tell me about Anna's car", { stream_options: { include_usage: true } }),
  );
  assert.deepEqual(
    dataLines(answer.text)
      .map((data) => JSON.parse(data).usage?.prompt_tokens)
      .filter(Boolean),
    [150],
  );
  await until(() => turns.length === 1);
  assert.equal(turns[0]!.usage!.inputTokens, 250);
});

test("a session's own tools run here too, each turn under a name of its own; a caller's tool of the name is the caller's", async (t) => {
  const runs: BrainToolCall[] = [];
  const tools: BrainTools = {
    offered: [
      { name: "recall", description: "Looks up.", parameters: { type: "object" } },
      { name: "look", description: "Looks.", parameters: { type: "object" } },
    ],
    async run(call) {
      runs.push(call);
      return "It is red.";
    },
  };
  const sessions = new ScriptedSessions();
  sessions.byKey.set("s-key", session("anna", { tools, memoryTools: true }));
  const { url, upstream } = await start(t, { sessions });
  const rounds = (res: Parameters<typeof upstream.answer>[0], count: number) =>
    sendStream(
      res,
      count % 2 === 1 ? `${ROLE}${call(0, "recall", '{"question":"car"}')}${END}` : chunks("Red."),
    );
  upstream.answer = (res, _req, count) => rounds(res, count);
  const body = ask("Tell me about the car that Anna drives", { tools: [LOOK] });
  for (const _ of [1, 2]) assert.equal(wordsOf((await post(url, body, { key: "s-key" })).text), "Red.");
  const other = ask("Tell me about the house that Anna owns", { tools: [LOOK] });
  await post(url, other, { key: "s-key" });
  const [first, again, later] = runs;
  assert.deepEqual([first!.name, first!.arguments], ["recall", '{"question":"car"}']);
  assert.equal(first!.turn, again!.turn);
  assert.notEqual(first!.turn, later!.turn);
  const [asked, answered] = upstream.requests.map(({ body }) => body);
  assert.deepEqual(
    asked!.tools!.map((tool) => (tool as typeof LOOK).function.name),
    ["look", "recall", "remember"],
  );
  assert.equal(answered!.messages.at(-1)!.content, "It is red.");
});

test("what is said before a tool and after it are two sentences", async (t) => {
  const { url, upstream } = await start(t);
  upstream.answer = (res, _req, count) =>
    sendStream(
      res,
      count === 1
        ? `${ROLE}${chunk({ content: "I will look." })}${call(0, "recall", '{"query":"car"}')}${END}`
        : `${ROLE}${chunk({ content: "A" })}${chunk({ content: " Volvo." })}${chunk({}, "stop")}data: [DONE]\n\n`,
    );
  const answer = await post(url, ask("Tell me about the car that Anna drives"));
  assert.equal(wordsOf(answer.text), "I will look. A Volvo.");
});

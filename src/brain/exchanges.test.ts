import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../core/errors.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import {
  APP_KEY,
  ask,
  chunk,
  chunks,
  completion,
  EVENTS,
  open,
  post,
  ScriptedMemory,
  ScriptedSessions,
  scriptedUpstream,
  sendStream,
  session,
  startBrain,
  until,
} from "./brain.fixture.ts";

async function start(t: Parameters<typeof scriptedUpstream>[0]) {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  const clock = new FakeClock();
  const sessions = new ScriptedSessions();
  sessions.byKey.set("key-anna", session("anna"));
  const keys = [{ ...APP_KEY, retain: "completed" as const }];
  return { ...(await startBrain(t, upstream, { memory, clock, keys, sessions })), upstream, memory, clock };
}

const stored = (memory: ScriptedMemory) =>
  memory.retained.map(({ content }) => (content as Array<{ text: string }>).map(({ text }) => text));

test("a completed exchange is retained, with the words that were said", async (t) => {
  const { url, memory, clock, turns } = await start(t);
  await post(url, ask("<user_audio_analysis>calm</user_audio_analysis>\nI moved to Lisbon."));
  await until(() => turns.length === 1);
  await clock.advance(3_000);
  assert.deepEqual(memory.retained[0]!.content, [
    { speaker: "user", text: "I moved to Lisbon." },
    { speaker: "assistant", text: "Hello there." },
  ]);
  const { bankId, context, contentType, source, idempotencyKey } = memory.retained[0]!.options;
  assert.deepEqual(
    [bankId, context?.principal, contentType, source],
    ["app:notes", "service:app", "conversation", "brain"],
  );
  assert.match(idempotencyKey!, /^brain:[0-9a-f]{64}$/);
});

test("the same turn asked again, or with more of the question, is one exchange", async (t) => {
  const { url, memory, clock, turns } = await start(t);
  await post(url, ask("I moved"));
  await clock.advance(1_000);
  await post(url, ask("I moved to Lisbon."));
  await post(url, ask("I moved to Lisbon.", { temperature: 0.1 }));
  await until(() => turns.length === 3);
  await clock.advance(3_000);
  assert.deepEqual(stored(memory)[0], ["I moved to Lisbon.", "Hello there."]);
  assert.equal(new Set(memory.retained.map(({ options }) => options.idempotencyKey)).size, 1);
  await post(url, ask("I moved to Lisbon."));
  await until(() => turns.length === 4);
  await clock.advance(3_000);
  assert.equal(new Set(memory.retained.map(({ options }) => options.idempotencyKey)).size, 1);
});

test("the next turn is another exchange, also when its words are the same", async (t) => {
  const { url, memory, clock, turns } = await start(t);
  const first = ask("Yes.");
  const second = {
    ...first,
    messages: [...first.messages, { role: "assistant", content: "Hello there." }, ...first.messages],
  };
  await post(url, first);
  await post(url, second);
  await until(() => turns.length === 2);
  await clock.advance(3_000);
  assert.equal(new Set(memory.retained.map(({ options }) => options.idempotencyKey)).size, 2);
});

test("nothing is retained of a turn that was left, broke off, was refused, or asks for a tool", async (t) => {
  const { url, upstream, memory, clock, turns } = await start(t);
  const endings: Array<typeof upstream.answer> = [
    (res) => void res.writeHead(200, EVENTS).write(chunk({ content: "Once" })),
    (res, req) =>
      void res.writeHead(200, EVENTS).write(chunk({ content: "Once" }), () => req.socket.destroy()),
    (res) => res.writeHead(400, { "content-type": "application/json" }).end('{"error":{}}'),
    (res) =>
      sendStream(res, `${chunk({ content: "Let me look." })}${chunk({}, "tool_calls")}data: [DONE]\n\n`),
    (res) =>
      sendStream(res, `${chunk({ content: "I must not" })}${chunk({}, "content_filter")}data: [DONE]\n\n`),
  ];
  for (const [index, ending] of endings.entries()) {
    upstream.answer = ending;
    const sent = open(url, ask(`Story number ${index} please, if you can`));
    sent.on("error", () => {});
    sent.on("response", (res) => {
      res.on("error", () => {}).once("data", () => index === 0 && sent.destroy());
    });
    await until(() => turns.length === index + 1);
  }
  await clock.advance(60_000);
  assert.equal(memory.retained.length, 0);
});

test("an answer in one piece is retained too; a session's never is: it has transcripts", async (t) => {
  const { url, upstream, memory, clock, turns } = await start(t);
  upstream.answer = (res) =>
    res.writeHead(200, { "content-type": "application/json" }).end(completion({ content: "Fine." }));
  await post(url, ask("I moved to Lisbon.", { stream: false }));
  upstream.answer = (res) => sendStream(res, chunks("Fine."));
  await post(url, ask("I moved to Porto."), { key: "key-anna" });
  await until(() => turns.length === 2);
  await clock.advance(10_000);
  assert.deepEqual(stored(memory), [["I moved to Lisbon.", "Fine."]]);
});

test("what waits is stored when the brain closes", async (t) => {
  const { url, memory, close, turns } = await start(t);
  await post(url, ask("I moved to Lisbon."));
  await until(() => turns.length === 1);
  await close();
  assert.equal(memory.retained.length, 1);
});

test("a store that is busy is tried again", async (t) => {
  const { url, memory, clock, turns } = await start(t);
  const retain = memory.retain.bind(memory);
  let tries = 0;
  memory.retain = async (content, options) => {
    if (++tries < 3) throw new AstrocyteError("store_busy", "[store] busy.");
    return retain(content, options);
  };
  await post(url, ask("I moved to Lisbon."));
  await until(() => turns.length === 1);
  await clock.advance(3_000);
  await clock.advance(10_000);
  assert.equal(memory.retained.length, 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chunks,
  completion,
  found,
  hit,
  post,
  ScriptedMemory,
  ScriptedSessions,
  scriptedUpstream,
  session,
  startBrain,
  wordsOf,
} from "./brain.fixture.ts";
import type { BrainDialect } from "./parts.ts";

/** A vendor that says `said` for messages, and wants its answers and errors flat. */
const FLAT: BrainDialect = {
  request: ({ said, live }) => ({ messages: said, ...(live !== undefined && { stream: live }) }),
  answer: ({ choices }) => ({
    text: (choices as Array<{ message: { content: string } }>)[0]!.message.content,
  }),
  refusal: ({ error }, status) => ({ status, why: (error as { code: string }).code }),
};
const SAID = [{ role: "user", content: "Where does my sister live?" }];
const path = "/dialects/flat";

async function start(t: Parameters<typeof scriptedUpstream>[0], dialect: BrainDialect = FLAT) {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("The sister lives in Porto.")]);
  const sessions = new ScriptedSessions();
  sessions.byKey.set("key-anna", session("anna")).set("key-over", "ended");
  const dialects = new Map([["flat", dialect]]);
  const parts = { memory, sessions, dialects, dialectModel: "house-model" };
  return { ...(await startBrain(t, upstream, parts)), upstream, memory };
}

test("a dialect's request gets memory and the house's model, and its stream passes as it is", async (t) => {
  const { url, upstream, memory } = await start(t);
  const sent = chunks("In", " Porto.");
  upstream.answer = (res) => res.writeHead(200, { "content-type": "text/event-stream" }).end(sent);
  const options = { key: "", headers: { "x-api-key": "key-anna" }, path };
  const { status, text } = await post(url, { said: SAID, live: true }, options);
  assert.equal(status, 200);
  assert.equal(text, sent);
  assert.equal(wordsOf(text), "In Porto.");
  const { model, stream, messages, ...rest } = upstream.requests[0]!.body;
  assert.deepEqual([model, stream, Object.keys(rest)], ["house-model", true, ["stream_options"]]);
  assert.match(String(messages[0]!.content), /lives in Porto/);
  assert.deepEqual(memory.recalls[0]!.options.banks, ["person:anna"]);
});

test("a whole answer, and errors of ours and of the model's server, come in the vendor's form", async (t) => {
  const { url, upstream } = await start(t);
  upstream.answer = (res) =>
    res.writeHead(200, { "content-type": "application/json" }).end(completion({ content: "In Porto." }));
  const ask = (body: unknown, key = "key-anna") => post(url.replace("/v1", `/s/${key}/v1`), body, { path });
  const whole = await ask({ said: SAID });
  assert.deepEqual(JSON.parse(whole.text), { text: "In Porto." });
  assert.equal(whole.headers["content-length"], String(Buffer.byteLength(whole.text)));

  upstream.answer = (res) =>
    res.writeHead(422, { "content-type": "application/json" }).end('{"error":{"message":"no","code":"bad"}}');
  assert.deepEqual(JSON.parse((await ask({ said: SAID })).text), { status: 422, why: "bad" });
  assert.deepEqual(JSON.parse((await ask({ said: [] })).text), { status: 400, why: "invalid_input" });
  assert.deepEqual(JSON.parse((await ask("no json")).text), { status: 400, why: "invalid_input" });
  assert.deepEqual(JSON.parse((await ask({}, "key-over")).text), { status: 410, why: "session_ended" });
  assert.deepEqual(JSON.parse((await ask({}, "forged")).text), { status: 401, why: "invalid_api_key" });
});

test("OpenAI's form of an error where the vendor has none, and no dialect but to who has a key", async (t) => {
  const { refusal: _none, ...plain } = FLAT;
  const { url } = await start(t, plain);
  const bad = await post(url, {}, { path });
  assert.equal(JSON.parse(bad.text).error.code, "invalid_input");
  assert.equal((await post(url, {}, { path: "/dialects/other", key: "wrong" })).status, 401);
  const unknown = await post(url, {}, { path: "/dialects/other" });
  assert.deepEqual([unknown.status, JSON.parse(unknown.text).error.code], [404, "not_found"]);
});

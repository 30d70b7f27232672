import assert from "node:assert/strict";
import { test } from "node:test";
import { contextLine } from "../core/context-line.ts";
import { sha256 } from "../core/secrets.ts";
import {
  APP_KEY,
  ask,
  found,
  hit,
  post,
  ScriptedMemory,
  ScriptedSessions,
  scriptedUpstream,
  session,
  startBrain,
  until,
} from "./brain.fixture.ts";

const VENDOR_KEY = "key-of-the-shared-agent";
const VENDOR = {
  name: "vendor",
  hash: sha256(VENDOR_KEY),
  principal: "service:vendor",
  contextTokens: true,
};
const USERS_KEY = "key-with-users";
const USERS = {
  name: "users",
  hash: sha256(USERS_KEY),
  principal: "service:app",
  bank: "app:{user}",
  allowUserScope: true,
};
const TOKEN_ANNA = "ses_anna.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const TOKEN_OVER = "ses_over.CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC";
const TOKEN_BEN = "ses_ben.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

async function start(t: Parameters<typeof scriptedUpstream>[0]) {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  memory.answer = async (_, { banks }) => found([hit(`This is the memory of ${banks?.join()}.`)]);
  const sessions = new ScriptedSessions();
  sessions.byKey.set("key-anna", session("anna")).set("key-over", "ended");
  sessions.byToken.set(TOKEN_ANNA, session("anna")).set(TOKEN_BEN, session("ben")).set(TOKEN_OVER, "ended");
  const keys = [APP_KEY, VENDOR, USERS];
  return { ...(await startBrain(t, upstream, { memory, sessions, keys })), upstream, memory, sessions };
}

function errorOf(text: string): { type: string; code: string; param: unknown } {
  return JSON.parse(text).error;
}

test("a session's key binds in the path and as bearer token", async (t) => {
  const { url, memory, upstream } = await start(t);
  const inPath = await post(url.replace("/v1", "/s/key-anna/v1"), ask("What do you know?"), { key: "" });
  assert.equal(inPath.status, 200);
  const asBearer = await post(url, ask("And what else do you know of me today?"), { key: "key-anna" });
  assert.equal(asBearer.headers["x-astrocyte-memory"], "ok");
  for (const { options } of memory.recalls) {
    assert.deepEqual(options.banks, ["person:anna"]);
    assert.deepEqual(options.context, { principal: "user:anna" });
  }
  assert.equal(memory.recalls.length, 2);
  assert.match(upstream.requests[1]!.raw, /memory of person:anna/);
});

test("no key, a wrong one, and that of an ended session are told apart in OpenAI's shape", async (t) => {
  const { url, upstream } = await start(t);
  const missing = await post(url, ask("hi"), { key: "" });
  assert.equal(missing.status, 401);
  assert.deepEqual(
    [errorOf(missing.text).type, errorOf(missing.text).code],
    ["authentication_error", "invalid_api_key"],
  );
  assert.equal((await post(url, ask("hi"), { key: "wrong" })).status, 401);
  assert.equal((await post(url.replace("/v1", "/s/wrong/v1"), ask("hi"))).status, 401);
  const over = await post(url, ask("hi"), { key: "key-over" });
  assert.equal(over.status, 410);
  assert.equal(errorOf(over.text).code, "session_ended");
  assert.equal(upstream.requests.length, 0);
});

test("an API key in the path does not bind: paths are for sessions", async (t) => {
  const { url } = await start(t);
  assert.equal((await post(url.replace("/v1", "/s/key-of-the-app/v1"), ask("hi"))).status, 401);
});

test("a signed token in a system message binds, and the model never sees it", async (t) => {
  const { url, memory, upstream } = await start(t);
  const messages = [
    { role: "system", content: `You are Nova.\n${contextLine(TOKEN_ANNA)}\nBe kind.` },
    { role: "system", content: contextLine(TOKEN_ANNA) },
    { role: "user", content: "What do you know about me?" },
  ];
  const answer = await post(url, { model: "m", stream: true, messages }, { key: VENDOR_KEY });
  assert.equal(answer.status, 200);
  assert.deepEqual(memory.recalls[0]!.options.banks, ["person:anna"]);
  const { body, raw } = upstream.requests[0]!;
  assert.doesNotMatch(raw, /astrocyte-context|ses_anna/);
  assert.equal(body.messages[0]!.content, "You are Nova.\nBe kind.");
  assert.equal(body.messages.length, 2);
});

test("a token that a person says, or that a camera reads, binds nothing", async (t) => {
  const { url, memory, upstream } = await start(t);
  const said = [{ role: "user", content: `I am ${contextLine(TOKEN_BEN)} Who am I?` }];
  await post(url, { model: "m", messages: said }, { key: VENDOR_KEY });
  const seen = [
    { role: "system", content: `<user_screenshare>${contextLine(TOKEN_BEN)}</user_screenshare>` },
    { role: "user", content: "Who am I, tell me please now?" },
  ];
  await post(url, { model: "m", messages: seen }, { key: VENDOR_KEY });
  assert.equal(memory.recalls.length, 0);
  assert.doesNotMatch(upstream.requests[1]!.raw, /ses_ben/);
});

test("a forged token, two sessions at once, and a token beside another session's key are refused", async (t) => {
  const { url, upstream } = await start(t);
  const withTokens = (...tokens: string[]) => ({
    model: "m",
    messages: [
      ...tokens.map((token) => ({ role: "system", content: contextLine(token) })),
      { role: "user", content: "hi" },
    ],
  });
  assert.equal((await post(url, withTokens("ses_x.forgedforged"), { key: VENDOR_KEY })).status, 401);
  assert.equal((await post(url, withTokens(TOKEN_ANNA, TOKEN_BEN), { key: VENDOR_KEY })).status, 401);
  assert.equal((await post(url, withTokens(TOKEN_BEN), { key: "key-anna" })).status, 401);
  assert.equal((await post(url, withTokens(TOKEN_OVER), { key: VENDOR_KEY })).status, 410);
  assert.equal(upstream.requests.length, 0);
  assert.equal((await post(url, withTokens(TOKEN_ANNA), { key: "key-anna" })).status, 200);
  const withForged = await post(url, withTokens(TOKEN_ANNA, "ses_x.forgedforged"), { key: VENDOR_KEY });
  assert.equal(withForged.status, 200, "words that we did not sign do not lock anybody out");
  assert.doesNotMatch(upstream.requests[1]!.raw, /forged/);
});

/** What ElevenLabs adds to a request (voice contract §A.8). */
const SYSTEM_TOOLS = ["end_call", "language_detection", "transfer_to_agent", "skip_turn"].map((name) => ({
  type: "function",
  function: { name, description: name, parameters: { type: "object", properties: {} } },
}));

function fromElevenLabs(astrocyte_context: unknown) {
  return ask("What do you know about me?", {
    tools: SYSTEM_TOOLS,
    user_id: "tag-of-anna",
    elevenlabs_extra_body: { astrocyte_context, colour: "red" },
  });
}

test("a token that ElevenLabs passes on in its extra body binds, and goes with the field", async (t) => {
  const { url, memory, upstream } = await start(t);
  const answer = await post(url, fromElevenLabs(TOKEN_ANNA), { key: VENDOR_KEY });
  assert.equal(answer.status, 200);
  assert.deepEqual(memory.recalls[0]!.options.banks, ["person:anna"]);
  const { body, raw } = upstream.requests[0]!;
  assert.doesNotMatch(raw, /ses_anna|elevenlabs|user_id|tag-of-anna/);
  assert.deepEqual(body.tools, SYSTEM_TOOLS, "the vendor's own tools pass through");
  assert.deepEqual(Object.keys(body).sort(), ["messages", "model", "stream", "stream_options", "tools"]);
});

test("a token in the extra body is worth nothing without the account's key, and opens nobody else's session", async (t) => {
  const { url, memory, upstream } = await start(t);
  assert.equal((await post(url, fromElevenLabs(TOKEN_ANNA), { key: "" })).status, 401);
  assert.equal((await post(url, fromElevenLabs(TOKEN_ANNA), { key: TOKEN_ANNA })).status, 401);
  assert.equal((await post(url, fromElevenLabs("ses_anna.forgedforged"), { key: VENDOR_KEY })).status, 401);
  assert.equal((await post(url, fromElevenLabs(TOKEN_OVER), { key: VENDOR_KEY })).status, 410);
  assert.equal((await post(url, fromElevenLabs(TOKEN_BEN), { key: "key-anna" })).status, 401);
  assert.equal(upstream.requests.length, 0);
  await post(url, fromElevenLabs(TOKEN_ANNA));
  assert.deepEqual(memory.recalls[0]!.options.banks, ["app:notes"], "this key takes no tokens");
  assert.doesNotMatch(upstream.requests[0]!.raw, /ses_anna/);
  for (const junk of [42, null, "", ["a"], { b: 1 }])
    assert.equal((await post(url, fromElevenLabs(junk), { key: VENDOR_KEY })).status, 200);
});

test("a key that takes no tokens is not moved by one, and does not leak it", async (t) => {
  const { url, memory, upstream } = await start(t);
  const messages = [
    { role: "system", content: `${contextLine(TOKEN_ANNA)} Hello.` },
    { role: "user", content: "What do you know about me?" },
  ];
  await post(url, { model: "m", messages });
  assert.deepEqual(memory.recalls[0]!.options.banks, ["app:notes"]);
  assert.doesNotMatch(upstream.requests[0]!.raw, /ses_anna/);
});

test("`user` chooses within the key's scope, and nothing else in a request does", async (t) => {
  const { url, memory } = await start(t);
  const question = "What do you know about me?";
  await post(url, ask(question, { user: "anna", metadata: { bank: "person:ben" }, bank_id: "x" }), {
    key: USERS_KEY,
    headers: { "x-astrocyte-bank": "person:ben", "x-bank-id": "person:ben" },
  });
  await post(url, ask(question, { user: "ben" }));
  assert.deepEqual(
    memory.recalls.map(({ options }) => options.banks),
    [["app:anna"], ["app:notes"]],
  );
  assert.deepEqual(memory.recalls[0]!.options.context, { principal: "service:app" });
  for (const user of [undefined, "", "vip:ben", "../ben", "*", { a: 1 }, "a b", "x".repeat(97)]) {
    const answer = await post(url, ask("hi", { user }), { key: USERS_KEY });
    assert.equal(answer.status, 400);
    assert.equal(errorOf(answer.text).param, "user");
  }
});

test("too many requests at a time with one key are turned away", async (t) => {
  const upstream = await scriptedUpstream(t);
  upstream.answer = () => {};
  const sessions = new ScriptedSessions();
  sessions.byKey.set("key-anna", session("anna")).set("key-ben", session("ben"));
  const brain = await startBrain(t, upstream, { sessions, settings: { streamsPerSession: 1 } });
  post(brain.url, ask("hi"), { key: "key-anna" }).catch(() => {});
  await until(() => upstream.requests.length === 1);
  const second = await post(brain.url, ask("hi"), { key: "key-anna" });
  assert.equal(second.status, 429);
  assert.equal(errorOf(second.text).code, "rate_limit_exceeded");
  assert.equal(second.headers["retry-after"], "1");
  post(brain.url, ask("hi"), { key: "key-ben" }).catch(() => {});
  await until(() => upstream.requests.length === 2);
});

test("models are listed for the holder of a key", async (t) => {
  const upstream = await scriptedUpstream(t);
  const sessions = new ScriptedSessions();
  sessions.byKey.set("key-anna", session("anna"));
  const upstreams = [
    { kind: "openai" as const, baseUrl: upstream.url, model: "big", models: { fast: "small" } },
  ];
  const brain = await startBrain(t, upstream, { sessions, upstreams });
  const get = (path: string, key: string) =>
    fetch(brain.url.replace("/v1", path), { headers: { authorization: `Bearer ${key}` } });
  const list = await (await get("/v1/models", "key-anna")).json();
  assert.deepEqual(
    (list as { data: Array<{ id: string }> }).data.map(({ id }) => id),
    ["astrocyte", "fast", "big"],
  );
  assert.equal((await get("/s/key-anna/v1/models", "")).status, 200);
  assert.equal((await get("/v1/models", "wrong")).status, 401);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ask,
  chunks,
  post,
  scriptedUpstream,
  sendStream,
  startBrain,
  until,
  wordsOf,
} from "./brain.fixture.ts";

test("an upstream's error keeps its status and shape", async (t) => {
  const upstream = await scriptedUpstream(t);
  const body = '{"error": {"message":"max_tokens is too large", "type":"invalid_request_error","code":null}}';
  upstream.answer = (res) => res.writeHead(400, { "content-type": "application/json" }).end(body);
  const brain = await startBrain(t, upstream);
  const answer = await post(brain.url, ask("hi"));
  assert.equal(answer.status, 400);
  assert.equal(answer.text, body);
  upstream.answer = (res) =>
    res
      .writeHead(429, { "content-type": "application/json", "retry-after": "7" })
      .end('{"error":{"message":"slow down"}}');
  const limited = await post(brain.url, ask("hi"));
  assert.equal(limited.status, 429);
  assert.equal(limited.headers["retry-after"], "7");
});

test("what an upstream says of our own credentials is not passed on", async (t) => {
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res) =>
    res
      .writeHead(401, { "content-type": "application/json" })
      .end('{"error":{"message":"bad key sk-upstream"}}');
  const brain = await startBrain(t, upstream);
  const answer = await post(brain.url, ask("hi"));
  assert.equal(answer.status, 401);
  assert.doesNotMatch(answer.text, /sk-upstream/);
  assert.equal(JSON.parse(answer.text).error.code, "upstream_auth");
});

test("a page of HTML becomes an error that clients can read", async (t) => {
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res) =>
    res.writeHead(502, { "content-type": "text/html" }).end("<html>Bad gateway</html>");
  const brain = await startBrain(t, upstream);
  const answer = await post(brain.url, ask("hi"));
  assert.equal(answer.status, 502);
  assert.equal(JSON.parse(answer.text).error.code, "llm_failed");
});

test("a connection reset before the first byte is tried once more", async (t) => {
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res, req, count) => {
    if (count === 1) req.socket.resetAndDestroy();
    else sendStream(res, chunks("Back"));
  };
  const brain = await startBrain(t, upstream);
  const answer = await post(brain.url, ask("hi"));
  assert.equal(wordsOf(answer.text), "Back");
  await until(() => brain.turns.length === 1);
  assert.equal(brain.turns[0]!.attempts, 2);
  upstream.answer = (_res, req) => req.socket.resetAndDestroy();
  const failed = await post(brain.url, ask("hi"));
  assert.equal(failed.status, 503);
  assert.equal(JSON.parse(failed.text).error.code, "llm_unavailable");
  assert.equal(upstream.requests.length, 4);
});

test("the next upstream takes over, and a broken one is spared", async (t) => {
  const [broken, good] = [await scriptedUpstream(t), await scriptedUpstream(t)];
  broken.answer = (res) => res.writeHead(500, { "content-type": "application/json" }).end('{"error":{}}');
  const brain = await startBrain(t, good, {
    upstreams: [
      { kind: "litellm", name: "first", baseUrl: broken.url, model: "a" },
      { kind: "vllm", name: "second", baseUrl: good.url, model: "b" },
    ],
  });
  for (let turn = 0; turn < 7; turn++)
    assert.equal(wordsOf((await post(brain.url, ask("hi"))).text), "Hello there.");
  assert.equal(broken.requests.length, 5);
  assert.equal(good.requests[0]!.body.model, "b");
  assert.equal(brain.turns[0]!.upstream, "second");
});

test("the last upstream's own error is told when none can answer", async (t) => {
  const [first, second] = [await scriptedUpstream(t), await scriptedUpstream(t)];
  first.answer = (_res, req) => req.socket.resetAndDestroy();
  second.answer = (res) =>
    res.writeHead(529, { "content-type": "application/json" }).end('{"error":{"message":"overloaded"}}');
  const brain = await startBrain(t, first, {
    upstreams: [
      { kind: "openai", baseUrl: first.url },
      { kind: "openai", baseUrl: second.url },
    ],
  });
  const answer = await post(brain.url, ask("hi"));
  assert.equal(answer.status, 529);
  assert.equal(answer.text, '{"error":{"message":"overloaded"}}');
});

test("models are named as callers know them, and unknown ones refused", async (t) => {
  const upstream = await scriptedUpstream(t);
  const brain = await startBrain(t, upstream, {
    upstreams: [{ kind: "openrouter", baseUrl: upstream.url, apiKey: "k", models: { fast: "acme/fast-1" } }],
  });
  await post(brain.url, ask("hi", { model: "fast" }));
  assert.equal(upstream.requests[0]!.body.model, "acme/fast-1");
  assert.deepEqual(upstream.requests[0]!.body["usage"], { include: true });
  const answer = await post(brain.url, ask("hi", { model: "__proto__" }));
  assert.equal(answer.status, 404);
  assert.equal(JSON.parse(answer.text).error.param, "model");
  assert.equal(upstream.requests.length, 1);
});

test("each kind of upstream carries its key where it belongs", async (t) => {
  const upstream = await scriptedUpstream(t);
  const brain = await startBrain(t, upstream, {
    upstreams: [
      {
        kind: "portkey",
        baseUrl: `${upstream.url}/?region=eu`,
        apiKey: "pk",
        headers: { "x-portkey-provider": "@openai", authorization: "Bearer provider" },
        extraBody: { top_k: 3, temperature: 9 },
      },
    ],
  });
  await post(brain.url, ask("hi", { temperature: 0.5 }));
  const { headers, url, body } = upstream.requests[0]!;
  assert.equal(headers["x-portkey-api-key"], "pk");
  assert.equal(headers["x-portkey-provider"], "@openai");
  assert.equal(headers.authorization, "Bearer provider");
  assert.equal(url, "/v1/chat/completions?region=eu");
  assert.equal(body["top_k"], 3);
  assert.equal(body["temperature"], 0.5);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import {
  ask,
  chunk,
  chunks,
  completion,
  EVENTS,
  event,
  open,
  post,
  scriptedUpstream,
  sendStream,
  startBrain,
  until,
  wordsOf,
} from "./brain.fixture.ts";

test("a stream passes through byte for byte, whatever is in it", async (t) => {
  const upstream = await scriptedUpstream(t);
  const odd = [
    ": OPENROUTER PROCESSING\n\n",
    'data: {"choices":[{"delta":{"role":"assistant","reasoning_content":"hm","unknown":[1.0,1e400]}}]}\r\n\r\n',
    'event: message\nid: 7\ndata: {"choices":[{"index":1,"delta":{"content":"é\\u00e9 😀"},"logprobs":{"content":[]}}]}\n\n',
    'data: {"choices":[{"delta":{"refusal":"no","audio":{"id":"a","data":"AAAA"}}}],"service_tier":"x"}\n\n',
    chunk({}, "stop"),
    event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, cost: 0.01 } }),
    "data: [DONE]\n\n",
  ].join("");
  upstream.answer = (res) => sendStream(res, odd);
  const brain = await startBrain(t, upstream);
  const answer = await post(brain.url, ask("hi", { stream_options: { include_usage: true } }));
  assert.equal(answer.status, 200);
  assert.equal(answer.text, odd);
  assert.match(String(answer.headers["content-type"]), /^text\/event-stream/);
  await until(() => brain.turns.length === 1);
  assert.deepEqual(brain.turns[0]!.usage, { inputTokens: 3, outputTokens: 2, cachedTokens: 0 });
  assert.equal(brain.turns[0]!.cents, 1);
  assert.equal(brain.turns[0]!.outcome, "completed");
});

test("a request that needs no change reaches the upstream byte for byte", async (t) => {
  const upstream = await scriptedUpstream(t);
  const brain = await startBrain(t, upstream);
  const body = `{ "stream":true, "seed": 12345678901234567890, "temperature": 1.0, "x_unknown": {"a":[null]},
    "messages": [{"role":"user","content":"hi \\ud83d\\ude00","name":"n"}], "model":"m" }`;
  await post(brain.url, body);
  assert.equal(upstream.requests[0]!.raw, body);
  const { headers, url } = upstream.requests[0]!;
  assert.equal(headers.authorization, "Bearer sk-upstream");
  assert.equal(url, "/v1/chat/completions");
});

test("an answer in one piece passes with its bytes and status", async (t) => {
  const upstream = await scriptedUpstream(t);
  const body = `${completion({ content: "Hi" })}  `;
  upstream.answer = (res) =>
    res.writeHead(200, { "content-type": "application/json", "x-ratelimit-limit-requests": "9" }).end(body);
  const brain = await startBrain(t, upstream);
  const answer = await post(brain.url, ask("hi", { stream: false }));
  assert.equal(answer.text, body);
  assert.equal(answer.headers["x-ratelimit-limit-requests"], "9");
  await until(() => brain.turns.length === 1);
  assert.equal(brain.turns[0]!.usage?.inputTokens, 10);
});

test("the upstream is cancelled at once when the caller hangs up", async (t) => {
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res) => void res.writeHead(200, EVENTS).write(chunk({ content: "Once upon" }));
  const brain = await startBrain(t, upstream);
  const sent = open(brain.url, ask("tell me a story"));
  sent.on("error", () => {});
  await new Promise((resolve) => sent.on("response", (res) => res.once("data", resolve)));
  sent.destroy();
  await until(() => upstream.cancelled === 1 && brain.turns.length === 1);
  assert.equal(brain.turns[0]!.outcome, "cancelled");
});

test("a caller who hangs up while the upstream has said nothing cancels it too", async (t) => {
  const upstream = await scriptedUpstream(t);
  upstream.answer = () => {};
  const brain = await startBrain(t, upstream);
  const sent = open(brain.url, ask("hi"));
  sent.on("error", () => {});
  await until(() => upstream.requests.length === 1);
  sent.destroy();
  await until(() => upstream.cancelled === 1 && brain.turns.length === 1);
  assert.equal(brain.turns[0]!.outcome, "cancelled");
});

test("a slow start is kept alive with comments, and its error comes as an event", async (t) => {
  const clock = new FakeClock();
  const upstream = await scriptedUpstream(t);
  let reply = () => {};
  upstream.answer = (res, _req, count) => {
    reply = () => {
      if (count === 1) sendStream(res, chunks("Late"));
      else res.writeHead(500, { "content-type": "application/json" }).end('{"error":\n{"message":"broken"}}');
    };
  };
  const brain = await startBrain(t, upstream, { clock });
  const waiting = post(brain.url, ask("hi"));
  await until(() => upstream.requests.length === 1);
  await clock.advance(11_000);
  reply();
  const answer = await waiting;
  assert.ok(answer.text.startsWith(": keep-alive\n\n: keep-alive\n\ndata: "));
  assert.equal(wordsOf(answer.text), "Late");
  const failing = post(brain.url, ask("hi"));
  await until(() => upstream.requests.length === 2);
  await clock.advance(5_000);
  reply();
  const failed = await failing;
  assert.equal(failed.status, 200);
  assert.equal(failed.text, ': keep-alive\n\ndata: {"error":{"message":"broken"}}\n\n');
});

test("a silent upstream ends in a clean error, before the first byte and after", async (t) => {
  const clock = new FakeClock();
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res, _req, count) => {
    if (count === 2) res.writeHead(200, EVENTS).write(`${chunk({ content: "I" })}data: {"half`);
  };
  const brain = await startBrain(t, upstream, { clock, settings: { keepAliveMs: 1_000_000 } });
  const first = post(brain.url, ask("hi"));
  await until(() => upstream.requests.length === 1);
  await clock.advance(60_000);
  assert.equal((await first).status, 504);
  const sent = open(brain.url, ask("hi"));
  const text: string[] = [];
  let ended = false;
  sent.on("response", (res) =>
    res.on("data", (part) => text.push(String(part))).on("end", () => (ended = true)),
  );
  await until(() => text.length > 0);
  await clock.advance(60_000);
  await until(() => ended);
  const [said, error] = text.join("").split("\n\n");
  assert.equal(said, chunk({ content: "I" }).trim());
  assert.equal(JSON.parse(error!.slice(6)).error.code, "llm_timeout");
  await until(() => upstream.cancelled === 2);
});

test("a slow reader holds the upstream back instead of filling memory", async (t) => {
  const upstream = await scriptedUpstream(t);
  const words = "x".repeat(64 * 1024);
  let written = 0;
  let stopped = false;
  upstream.answer = (res) => {
    res.writeHead(200, EVENTS);
    const fill = () => {
      while (written < 2_000 && !stopped) {
        written++;
        if (!res.write(chunk({ content: words }))) return void res.once("drain", fill);
      }
      res.end("data: [DONE]\n\n");
    };
    fill();
  };
  const brain = await startBrain(t, upstream);
  const sent = open(brain.url, ask("hi"));
  const res = await new Promise<import("node:http").IncomingMessage>((resolve) =>
    sent.on("response", resolve),
  );
  res.pause();
  // Nothing moves any more once every buffer on the way is full.
  for (let before = -1; before !== written; ) {
    before = written;
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(written < 1_000, `${written} of 2000 chunks were taken in`);
  stopped = true;
  let bytes = 0;
  res.on("data", (part) => (bytes += part.length)).resume();
  await new Promise((resolve) => res.on("end", resolve));
  assert.ok(bytes >= written * words.length);
});

test("a caller who stops reading for good is dropped", async (t) => {
  const clock = new FakeClock();
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res) => {
    res.writeHead(200, EVENTS);
    const fill = () => {
      while (res.write(chunk({ content: "x".repeat(64 * 1024) })));
      res.once("drain", fill);
    };
    fill();
  };
  const brain = await startBrain(t, upstream, { clock });
  const sent = open(brain.url, ask("hi"));
  sent.on("error", () => {});
  const res = await new Promise<import("node:http").IncomingMessage>((resolve) =>
    sent.on("response", resolve),
  );
  res.on("error", () => {}).pause();
  while (brain.turns.length === 0) await clock.advance(10_000);
  assert.equal(brain.turns[0]!.outcome, "cancelled");
  await until(() => upstream.cancelled === 1);
});

test("a stream that ends without [DONE] gets one", async (t) => {
  const upstream = await scriptedUpstream(t);
  const brain = await startBrain(t, upstream);
  upstream.answer = (res) => sendStream(res, chunk({ content: "Hi" }) + chunk({}, "stop"));
  const plain = await post(brain.url, ask("hi"));
  assert.equal(plain.text, `${chunk({ content: "Hi" })}${chunk({}, "stop")}data: [DONE]\n\n`);
  upstream.answer = (res) => sendStream(res, `${chunk({ content: "Hi" })}data: [DONE]`);
  const bare = await post(brain.url, ask("hi"));
  assert.equal(bare.text, `${chunk({ content: "Hi" })}data: [DONE]\n\n`);
});

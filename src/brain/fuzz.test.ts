import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import {
  type Answer,
  ask,
  chunk,
  chunks,
  EVENTS,
  found,
  hit,
  KEY,
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

const errorOf = ({ text }: Answer) => JSON.parse(text).error as { code: string; message: string };

test("bodies that are no chat request are refused with the reason, and never quoted", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { url } = await startBrain(t, upstream);
  const bad: Array<[unknown, number]> = [
    ["", 400],
    ["{", 400],
    ["null", 400],
    ["[]", 400],
    ['"messages"', 400],
    ["{}", 400],
    ['{"messages":{}}', 400],
    ['{"messages":[]}', 400],
    ['{"messages":[null]}', 400],
    ['{"messages":[{"content":"secret"}]}', 400],
    ['{"messages":[{"role":"user","content":7}]}', 400],
    ['{"messages":[{"role":"user","content":"x"}],"stream":"yes"}', 400],
    ['{"messages":[{"role":"user","content":"x"}],"model":{}}', 400],
    ['{"messages":[{"role":"user","content":"secret\n"}]}', 400],
    ['{"messages":[{"role":"user","content":"secret"}]} trailing', 400],
    ["\ufeff{}", 400],
    [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400],
    [Buffer.from('{"messages":[{"role":"user","content":"\xc3"}]}', "latin1"), 400],
    ["[".repeat(100_000), 400],
  ];
  for (const [body, status] of bad) {
    const answer = await post(url, body);
    assert.equal(answer.status, status, String(body).slice(0, 60));
    assert.equal(errorOf(answer).code, "invalid_input");
    assert.doesNotMatch(answer.text, /secret/);
  }
  assert.equal(upstream.requests.length, 0);
  assert.equal((await post(url, ask("hi"), { headers: { "content-encoding": "gzip" } })).status, 400);
});

test("the same member twice is refused where messages are touched", async (t) => {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  const { url } = await startBrain(t, upstream, { memory });
  const user = '[{"role":"user","content":"Which car does Anna drive?"}]';
  const answer = await post(url, `{"messages":[{"role":"system","content":"x"}],"messages":${user}}`);
  assert.equal(answer.status, 400);
});

test("a body that is too large is refused before it is read", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { url } = await startBrain(t, upstream, { settings: { maxBodyBytes: 1_000 } });
  const declared = await post(url, ask("x".repeat(2_000)));
  assert.equal(declared.status, 413);
  assert.equal(declared.headers.connection, "close");
  const chunked = await raw(
    url,
    `transfer-encoding: chunked\r\n\r\n${"3e8\r\n".concat("x".repeat(1_000), "\r\n").repeat(2)}`,
  );
  assert.match(chunked, /^HTTP\/1\.1 413 /);
});

test("half a body: a slow one times out, one that hangs up leaves nothing behind", async (t) => {
  const clock = new FakeClock();
  const upstream = await scriptedUpstream(t);
  const { url, turns } = await startBrain(t, upstream, { clock });
  const slow = raw(url, 'content-length: 100\r\n\r\n{"messages":');
  await until(() => clock.pending > 0);
  await clock.advance(30_000);
  assert.match(await slow, /^HTTP\/1\.1 400 [\s\S]*did not arrive in time/);
  const socket = rawSocket(url, 'content-length: 100\r\n\r\n{"messages":');
  await until(() => clock.pending > 0);
  socket.destroy();
  await until(() => turns.length === 2);
  assert.equal(turns[1]!.outcome, "cancelled");
  assert.equal(clock.pending, 0);
});

test("any way to cut an upstream's stream gives the same answer", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { url } = await startBrain(t, upstream);
  const stream = Buffer.from(
    `: hi\r\n\r\n${chunk({ role: "assistant", content: "Zoë 😀" }).replaceAll("\n", "\r\n")}${chunks("日本", " \\n x")}`,
  );
  let size = 1;
  upstream.answer = async (res) => {
    res.writeHead(200, EVENTS).flushHeaders();
    for (let at = 0; at < stream.length; at += size) {
      res.write(stream.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
    res.end();
  };
  for (size of [1, 2, 3, 5, 7, 11, 64, 100, 127, stream.length]) {
    const answer = await post(url, ask("hi"));
    assert.equal(answer.text, stream.toString(), `pieces of ${size}`);
  }
});

test("an upstream that dies anywhere leaves whole events and one clean error", async (t) => {
  const upstream = await scriptedUpstream(t);
  const stream = Buffer.from(chunks("Zoë", " 😀"));
  let length = 0;
  let framing: Record<string, string> = {};
  upstream.answer = (res) => {
    res.writeHead(200, { ...EVENTS, ...framing });
    res.write(stream.subarray(0, length), () => setImmediate(() => res.socket?.destroy()));
  };
  const step = 23;
  for (framing of [
    {},
    { "content-length": String(stream.length) },
    { connection: "close", "transfer-encoding": "identity" },
  ]) {
    for (length = 1; length < stream.length; length += step) {
      // Each with a breaker of its own.
      const { url } = await startBrain(t, upstream);
      const answer = await post(url, ask("hi"));
      if (length < stream.indexOf("\n\n") + 2) {
        assert.equal(answer.status, 503, "nothing whole had come: the answer is an ordinary error");
        continue;
      }
      assert.equal(answer.status, 200);
      const events = answer.text.split("\n\n").slice(0, -1);
      const last = events.pop()!;
      for (const event of events) assert.ok(stream.includes(`${event}\n\n`), event);
      if (!last.includes("[DONE]")) assert.equal(JSON.parse(last.slice(6)).error.code, "llm_unavailable");
      else assert.ok(length > stream.indexOf('"stop"'), "a stream that has told its end");
    }
  }
});

test("an upstream that speaks no HTTP, or nothing at all, is a clean error", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { url } = await startBrain(t, upstream);
  const answers: Array<typeof upstream.answer> = [
    (_res, req) => req.socket.end("SSH-2.0-OpenSSH\r\n"),
    (res) => res.writeHead(200, EVENTS).end(),
    (res) => res.writeHead(200, { ...EVENTS, "content-encoding": "gzip" }).end("zzz"),
    (res) =>
      res
        .writeHead(200, { "content-type": "application/json", "content-length": "100" })
        .write("{", () => res.socket?.destroy()),
    (res) => res.writeHead(204).end(),
  ];
  for (const answer of answers) {
    upstream.answer = answer;
    const told = await post(url, ask("hi"));
    assert.ok(told.status >= 502 && told.status <= 504, String(told.status));
    assert.ok(errorOf(told).code.startsWith("llm_"));
  }
});

test("refused connections and unknown hosts are clean errors", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { url } = await startBrain(t, upstream, {
    upstreams: [{ kind: "openai", baseUrl: "http://127.0.0.1:1/v1" }],
  });
  const answer = await post(url, ask("hi"));
  assert.equal(answer.status, 503);
  assert.equal(errorOf(answer).code, "llm_unavailable");
});

test("hundreds of sessions at a time, many of them leaving: nobody hears another's words", async (t) => {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  memory.answer = async (_, { banks }) => found([hit(`The secret of ${banks![0]} is kept.`)]);
  const sessions = new ScriptedSessions();
  for (let id = 0; id < 200; id++) sessions.byKey.set(`key-${id}`, session(String(id)));
  upstream.answer = async (res) => {
    const { raw } = upstream.requests.at(-1)!;
    const [, secret] = /secret of (person:\d+) is/.exec(raw) ?? [];
    const [, asked] = /number (\d+)/.exec(raw) ?? [];
    res.writeHead(200, EVENTS);
    for (const word of ["I ", "am ", `${secret} `, `asked ${asked}.`]) {
      res.write(chunk({ content: word }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    res.end("data: [DONE]\n\n");
  };
  const { url, turns } = await startBrain(t, upstream, { memory, sessions });
  const talk = async (id: number) => {
    if (id % 5 === 0) {
      const sent = open(url, ask(`What is my number ${id} about?`), { key: `key-${id}` });
      sent.on("error", () => {});
      sent.on("response", (res) => res.on("error", () => {}).once("data", () => sent.destroy()));
      return;
    }
    const answer = await post(url, ask(`What is my number ${id} about?`), { key: `key-${id}` });
    assert.equal(wordsOf(answer.text), `I am person:${id} asked ${id}.`);
  };
  await Promise.all(Array.from({ length: 200 }, (_, id) => talk(id)));
  await until(() => turns.length === 200);
  assert.ok(turns.every(({ outcome }, _) => outcome !== "failed"));
});

test("a conversation of half a megabyte keeps its bytes around one new block", async (t) => {
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res) => sendStream(res, chunks("Ok"));
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("Anna drives a red Volvo.")]);
  const { url } = await startBrain(t, upstream, { memory });
  const history = Array.from({ length: 2_000 }, (_, index) =>
    JSON.stringify({
      role: index % 2 ? "assistant" : "user",
      content: `turn ${index} \u00e9 ${"x".repeat(220)}`,
    }),
  ).join(" , ");
  await post(
    url,
    `{"messages":[${history},{"role":"user","content":"Which car does Anna drive?"}],"seed":9007199254740993}`,
  );
  const { raw } = upstream.requests[0]!;
  assert.ok(raw.length > 500_000);
  assert.ok(raw.endsWith('Which car does Anna drive?"}],"seed":9007199254740993}'));
  assert.ok(raw.includes(JSON.stringify({ role: "user", content: `turn 0 \u00e9 ${"x".repeat(220)}` })));
});

/** Sends bytes as they are; resolves with all that comes until the other side closes. */
async function raw(url: string, rest: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of rawSocket(url, rest)) parts.push(part);
  return Buffer.concat(parts).toString();
}

function rawSocket(url: string, rest: string) {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(
    `POST ${pathname}/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\n${rest}`,
  );
  return socket;
}

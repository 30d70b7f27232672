import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessDenied, AstrocyteError } from "../core/errors.ts";
import type { RecallResult } from "../memory/types.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { start } from "./anna.fixture.ts";
import { APP_KEY, ask, found, hit, post, until } from "./brain.fixture.ts";

test("late or broken memory does not hold the turn up, and says so", async (t) => {
  const clock = new FakeClock();
  const { url, upstream, memory, turns } = await start(t, { clock });
  memory.answer = () => new Promise(() => {});
  const waiting = post(url, ask("Which car does Anna drive?"));
  await until(() => memory.recalls.length === 1);
  await clock.advance(175);
  const late = await waiting;
  assert.equal(late.status, 200);
  assert.equal(late.headers["x-astrocyte-memory"], "degraded");
  assert.doesNotMatch(upstream.requests[0]!.raw, /<memory>/);
  assert.equal(memory.recalls[0]!.options.deadlineMs, 150);
  memory.answer = () => Promise.reject(new Error("disk on fire"));
  const broken = await post(url, ask("What is the name of the dog she has?"));
  assert.equal(broken.headers["x-astrocyte-memory"], "degraded");
  memory.answer = async () => found([hit("Half of it.")], { degraded: true });
  const partly = await post(url, ask("Where does Anna spend her summers?"));
  assert.equal(partly.headers["x-astrocyte-memory"], "degraded");
  assert.match(upstream.requests[2]!.raw, /Half of it/);
  await until(() => turns.length === 3);
  assert.ok(turns.every(({ memory }) => memory === "degraded"));
});

test("a memory that keeps failing is spared for a while, for its own bank only", async (t) => {
  const clock = new FakeClock();
  const { url, memory } = await start(t, { clock });
  memory.answer = async (_, { banks }) => {
    if (banks![0] === "app:notes")
      throw new AstrocyteError("store_failed", "[store] broken.", { retryable: true });
    return found([]);
  };
  for (let turn = 0; turn < 8; turn++) await post(url, ask(`What is the number of the house ${turn}?`));
  assert.equal(memory.recalls.length, 5);
  const other = await post(url, ask("What is the number of the house?"), { key: "key-anna" });
  assert.equal(other.headers["x-astrocyte-memory"], "ok");
  memory.answer = async () => found([]);
  await clock.advance(2_000);
  const again = await post(url, ask("What is the number of the house?"));
  assert.equal(again.headers["x-astrocyte-memory"], "ok");
});

test("a bank that asks too often does not open the breaker", async (t) => {
  const { url, memory } = await start(t);
  memory.answer = () => Promise.reject(new AstrocyteError("rate_limited", "[quota] too many."));
  for (let turn = 0; turn < 8; turn++) await post(url, ask(`What is the number of the house ${turn}?`));
  assert.equal(memory.recalls.length, 8);
});

test("required memory fails closed; without a grant nothing is answered at all", async (t) => {
  const { url, memory, upstream } = await start(t, { keys: [{ ...APP_KEY, recall: { required: true } }] });
  memory.answer = async () => found([], { degraded: true });
  const degraded = await post(url, ask("Which car does Anna drive?"));
  assert.equal(degraded.status, 503);
  assert.equal(JSON.parse(degraded.text).error.code, "memory_unavailable");
  assert.equal(degraded.headers["x-astrocyte-memory"], "degraded");
  assert.equal(memory.recalls[0]!.options.mode, "required");
  memory.answer = () => Promise.reject(new AccessDenied("[access] no grant."));
  const denied = await post(url, ask("What is the name of her dog?"), { key: "key-anna" });
  assert.equal(denied.status, 403);
  assert.equal(upstream.requests.length, 0);
});

test("a repeated question, or one longer by empty words, uses what was just found", async (t) => {
  const clock = new FakeClock();
  const { url, memory, upstream } = await start(t, { clock });
  for (const words of [
    "Which car does Anna drive",
    "Which car does Anna drive?",
    "Which car does Anna drive, and what is it?",
  ])
    await post(url, ask(words));
  assert.equal(memory.recalls.length, 1);
  assert.match(upstream.requests[2]!.raw, /Volvo/);
  await post(url, ask("Which car does Anna drive in Lisbon?"));
  assert.equal(memory.recalls.length, 2);
  await clock.advance(3_000);
  await post(url, ask("Which car does Anna drive in Lisbon?"));
  assert.equal(memory.recalls.length, 3);
});

test("a longer question whose recall is late still has what the shorter one found", async (t) => {
  const clock = new FakeClock();
  const { url, memory, upstream } = await start(t, { clock });
  await post(url, ask("Which car does Anna"));
  memory.answer = () => new Promise(() => {});
  const waiting = post(url, ask("Which car does Anna drive in Lisbon?"));
  await until(() => memory.recalls.length === 2);
  await clock.advance(175);
  assert.equal((await waiting).headers["x-astrocyte-memory"], "degraded");
  assert.match(upstream.requests[1]!.raw, /Volvo/);
});

test("overlapping speculations share one recall, and one caller's leaving does not end it", async (t) => {
  const { url, memory, upstream } = await start(t);
  let release: (result: RecallResult) => void = () => {};
  memory.answer = () => new Promise((resolve) => (release = resolve));
  const all = Promise.all([1, 2, 3].map(() => post(url, ask("Which car does Anna drive?"))));
  await until(() => memory.recalls.length === 1);
  release(found([hit("Anna drives a red Volvo.")]));
  await all;
  assert.equal(memory.recalls.length, 1);
  assert.equal(upstream.requests.filter(({ raw }) => raw.includes("Volvo")).length, 3);
});

test("nothing found before a write is used after it, nor by anybody else", async (t) => {
  const { url, memory } = await start(t);
  await post(url, ask("Which car does Anna drive?"));
  memory.changed("app:other");
  await post(url, ask("Which car does Anna drive?"));
  assert.equal(memory.recalls.length, 1);
  memory.changed("app:notes");
  await post(url, ask("Which car does Anna drive?"));
  assert.equal(memory.recalls.length, 2);
  await post(url, ask("Which car does Anna drive?"), { key: "key-anna" });
  assert.equal(memory.recalls.length, 3);
});

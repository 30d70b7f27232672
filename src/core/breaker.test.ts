import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { CircuitBreaker } from "./breaker.ts";
import { AstrocyteError } from "./errors.ts";

const down = () => Promise.reject(new AstrocyteError("llm_unavailable", "[test] down"));
const up = () => Promise.resolve("up");
const isCode = (code: AstrocyteError["code"]) => (error: unknown) => AstrocyteError.is(error, code);

async function broken() {
  const clock = new FakeClock();
  const breaker = new CircuitBreaker({ area: "test", clock });
  for (let i = 0; i < 5; i++) await assert.rejects(breaker.run(down), isCode("llm_unavailable"));
  return { clock, breaker };
}

test("five failures in a row open it, and calls fail without being made", async () => {
  const { breaker } = await broken();
  assert.equal(breaker.state, "open");
  await assert.rejects(
    breaker.run(() => assert.fail("called")),
    (error) => AstrocyteError.is(error, "circuit_open") && error.details["retryAfterMs"] === 30_000,
  );
});

test("a success in between starts the count again", async () => {
  const breaker = new CircuitBreaker({ area: "test", clock: new FakeClock() });
  for (let i = 0; i < 12; i++) {
    if (i % 4 === 3) await breaker.run(up);
    else await assert.rejects(breaker.run(down), isCode("llm_unavailable"));
  }
  assert.equal(breaker.state, "closed");
});

test("after the pause one probe goes through and closes it", async () => {
  const { clock, breaker } = await broken();
  await clock.advance(30_000);
  assert.equal(breaker.state, "half_open");
  const settle = breaker.enter();
  assert.throws(() => breaker.enter(), isCode("circuit_open"));
  settle();
  assert.equal(breaker.state, "closed");
  assert.equal(await breaker.run(up), "up");
});

test("a probe that fails opens it for another pause; a cancelled one decides nothing", async () => {
  const { clock, breaker } = await broken();
  await clock.advance(30_000);
  await assert.rejects(breaker.run(down), isCode("llm_unavailable"));
  assert.equal(breaker.state, "open");
  await clock.advance(30_000);
  breaker.enter()(new AstrocyteError("cancelled", "[test] left"));
  assert.equal(breaker.state, "half_open");
  assert.equal(await breaker.run(up), "up");
});

test("errors of the request itself do not count", async () => {
  const breaker = new CircuitBreaker({ area: "test", clock: new FakeClock() });
  const wrong = () => Promise.reject(new AstrocyteError("llm_failed", "[test] wrong"));
  for (let i = 0; i < 9; i++) await assert.rejects(breaker.run(wrong), isCode("llm_failed"));
  assert.equal(breaker.state, "closed");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { makeGateway, makeHost } from "./gateway.fixture.ts";
import { createGateway } from "./gateway.ts";
import { createReporter } from "./reporter.ts";
import type { Host } from "./types.ts";

async function reporting() {
  const clock = new FakeClock();
  const gateway = await makeGateway("ses_1");
  const host = {
    fetch,
    ...makeHost().host,
    after: (ms: number, run: () => void) => clock.after(ms, run),
  } as Host;
  const errors: string[] = [];
  const api = createGateway({ baseUrl: gateway.url, sessionId: "ses_1", sessionToken: "t" }, host);
  const reporter = createReporter(api, host, ({ code }) => errors.push(code));
  const batches = async (count: number) =>
    (await gateway.seen("/client-events", count)).map(({ body }) => body["events"]);
  return {
    clock,
    gateway,
    reporter,
    errors,
    batches,
    /** Lets time pass until the gateway has seen `count` batches. */
    async pass(count: number) {
      while (gateway.requests.length < count) await clock.advance(15_000);
      await batches(count);
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

test("events go in the vendor's order, in one batch a second", async () => {
  await using made = await reporting();
  const { clock, reporter, batches } = made;
  for (const seq of [3, 1, 2]) reporter.add({ seq });
  await clock.advance(1_000);
  assert.deepEqual(await batches(1), [[{ seq: 1 }, { seq: 2 }, { seq: 3 }]]);
});

test("a batch that fails is sent again as it was, then what came meanwhile", async () => {
  await using made = await reporting();
  const { gateway, reporter, pass, batches, errors } = made;
  gateway.faults.status = 503;
  reporter.add({ seq: 2 });
  await pass(1);
  reporter.add({ seq: 1 });
  gateway.faults.status = 0;
  await pass(3);
  assert.deepEqual(await batches(3), [[{ seq: 2 }], [{ seq: 2 }], [{ seq: 1 }]]);
  assert.deepEqual(errors, []);
});

test("what the gateway will never take is an error, and does not hold up the rest", async () => {
  await using made = await reporting();
  const { gateway, reporter, pass, errors } = made;
  Object.assign(gateway.faults, { status: 400, code: "invalid_input" });
  reporter.add({ seq: 1 });
  await pass(1);
  gateway.faults.status = 0;
  reporter.add({ seq: 2 });
  await pass(2);
  await reporter.close();
  assert.deepEqual(errors, ["invalid_input"]);
  assert.deepEqual(gateway.reported(), [{ seq: 1 }, { seq: 2 }]);
});

test("no batch is more than a leaving page may send, and the queue has an end", async () => {
  await using made = await reporting();
  const { gateway, reporter, errors } = made;
  for (let seq = 1; seq <= 120; seq++) reporter.add({ seq, text: "x".repeat(seq === 1 ? 60_000 : 900) });
  await reporter.close();
  const sizes = gateway.requests.map(({ body }) => (body["events"] as unknown[]).length);
  assert.equal(sizes[0], 1);
  assert.ok(sizes.every((size) => size <= 50) && sizes.reduce((a, b) => a + b) === 120);
  for (let seq = 1; seq <= 1_001; seq++) reporter.add({ seq });
  assert.deepEqual(errors, ["reports_dropped"]);
});

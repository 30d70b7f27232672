import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { parsePolicyConfig } from "./config.ts";
import { fakeStore } from "./fake-store.ts";
import { createQuotas } from "./quotas.ts";
import { limitSettings } from "./settings.ts";

function setUp(config: object, start = "2026-01-15T23:59:30Z") {
  const parsed = parsePolicyConfig(config);
  const [store, clock] = [fakeStore(), new FakeClock(start)];
  const open = () => createQuotas(store.governance, clock, (bankId) => limitSettings(parsed, bankId));
  return { store, clock, open, spend: open() };
}

async function failure(call: Promise<void>): Promise<AstrocyteError> {
  try {
    await call;
  } catch (error) {
    assert.ok(AstrocyteError.is(error));
    return error;
  }
  throw new assert.AssertionError({ message: "the call was allowed" });
}

test("without limits the store is not asked", async () => {
  const { store, spend } = setUp({});
  await spend("retain", "a", 1);
  await spend("recall", "a", 1);
  assert.equal(store.calls.consume, 0);
});

test("a rate limit says when its minute ends, and then lets calls through", async () => {
  const { clock, spend } = setUp({ homeostasis: { rate_limits: { recall_per_minute: 2 } } });
  await spend("recall", "a", 1);
  await spend("history", "a", 1);
  const error = await failure(spend("recall", "a", 1));
  assert.equal(error.code, "rate_limited");
  assert.equal(error.details["retryAfterMs"], 30_000);
  assert.equal(error.retryable, true);
  await spend("recall", "b", 1);
  await spend("retain", "a", 1);
  await clock.advance(30_000);
  await spend("recall", "a", 1);
});

test("a daily quota is of the UTC day and survives a restart", async () => {
  const { clock, open, spend } = setUp({ homeostasis: { quotas: { retain_per_day: 3 } } });
  await spend("retain", "a", 2);
  const reopened = open();
  await reopened("import", "a", 1);
  const error = await failure(reopened("retain", "a", 1));
  assert.equal(error.code, "quota_exceeded");
  assert.equal(error.details["retryAfterMs"], 30_000);
  await clock.advance(30_000);
  await reopened("retain", "a", 1);
});

test("a bank's own limits replace the general ones, the exact id before the prefix", async () => {
  const { spend } = setUp({
    homeostasis: { quotas: { forget_per_day: 1 } },
    banks: {
      "person:*": { quotas: { forget_per_day: 2 } },
      "person:vip": { quotas: { forget_per_day: 3 } },
    },
  });
  for (const [bankId, limit] of [
    ["a", 1],
    ["person:x", 2],
    ["person:vip", 3],
  ] as const) {
    for (let i = 0; i < limit; i++) await spend("forget", bankId, 1);
    assert.equal((await failure(spend("forget", bankId, 1))).details["limit"], limit);
  }
});

test("what is larger than the whole limit is not worth a second try", async () => {
  const { spend } = setUp({ homeostasis: { rate_limits: { retain_per_minute: 5 } } });
  assert.equal((await failure(spend("retain", "a", 6))).retryable, false);
});

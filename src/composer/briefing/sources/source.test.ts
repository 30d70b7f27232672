import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../testing/fake-clock.ts";
import { functionSource } from "./index.ts";

const anna = { principal: "user:anna", id: "anna" };
const bob = { principal: "user:bob", id: "bob" };

type Fields = Parameters<typeof functionSource>[0]["fields"];

/** A source whose row and failure the test sets; counts its reads. */
function scripted(fields: Fields, asOf?: string) {
  const clock = new FakeClock();
  const state = {
    row: { plan: "pro" } as Record<string, unknown> | undefined,
    fail: false,
    hang: false,
    reads: 0,
  };
  const source = functionSource(
    {
      name: "crm",
      fields,
      timeoutMs: 1000,
      ...(asOf !== undefined && { asOf }),
      read: async () => {
        state.reads++;
        if (state.hang) return new Promise(() => {});
        if (state.fail) throw new Error("password of the database");
        return state.row;
      },
    },
    clock,
  );
  return { source, state, clock };
}

test("a fresh record costs no second read; each subject has its own", async () => {
  const { source, state, clock } = scripted({ plan: { ttl: "10m" } });
  await source.fetch(anna);
  await clock.advance(600_000);
  await source.fetch(anna);
  assert.equal(state.reads, 1);
  await source.fetch(bob);
  await source.fetch({ principal: "service:anna", id: "anna" });
  assert.equal(state.reads, 3);
});

test("refetch: past its TTL a value is read again, and gone when that fails", async () => {
  const { source, state, clock } = scripted({ plan: { ttl: "10m" }, city: { ttl: "1d" } });
  state.row = { plan: "free", city: "Hamburg" };
  await source.fetch(anna);
  await clock.advance(600_001);
  state.fail = true;
  const record = await source.fetch(anna);
  assert.deepEqual(
    record.fields.map(({ name }) => name),
    ["city"],
  );
  assert.equal(record.error, "source_failed");
  state.fail = false;
  state.row = { plan: "pro", city: "Hamburg" };
  assert.equal((await source.fetch(anna)).fields[0]?.value, "pro");
});

test("show: an old value is given at once with its age, and read again for the next time", async () => {
  const { source, state, clock } = scripted({ plan: { ttl: "10m", stale: "show" } });
  await source.fetch(anna);
  await clock.advance(700_000);
  state.row = { plan: "free" };
  const shown = (await source.fetch(anna)).fields[0]!;
  assert.deepEqual([shown.value, shown.stale, clock.now() - shown.asOf], ["pro", true, 700_000]);
  await clock.advance(0);
  const next = (await source.fetch(anna)).fields[0]!;
  assert.deepEqual([next.value, next.stale], ["free", false]);
});

test("drop: a value that the source itself dates as too old is not used; refetch shows it as stale", async () => {
  const fields: Fields = { plan: { ttl: "1d", stale: "drop" }, city: { ttl: "1d" } };
  const { source, state } = scripted(fields, "updated");
  state.row = { plan: "pro", city: "Hamburg", updated: "2026-01-10T00:00:00Z" };
  const record = await source.fetch(anna);
  assert.deepEqual(
    record.fields.map(({ name, stale }) => [name, stale]),
    [["city", true]],
  );
});

test("a value dated in the future is taken as of now", async () => {
  const { source, state, clock } = scripted({ plan: { as_of: "at" } });
  state.row = { plan: "pro", at: Math.floor(clock.now() / 1000) + 9000 };
  assert.equal((await source.fetch(anna)).fields[0]?.asOf, clock.now());
});

test("a source that hangs ends at its timeout; the error carries no content", async () => {
  const { source, state, clock } = scripted({ plan: {} });
  state.hang = true;
  const late = assert.rejects(source.fetch(anna), { code: "deadline_exceeded" });
  await clock.advance(1000);
  await late;
  state.hang = false;
  state.fail = true;
  await assert.rejects(source.fetch(anna), (error: Error & { code: string }) => {
    assert.equal(error.code, "source_failed");
    assert.doesNotMatch(error.message, /password/);
    return true;
  });
  assert.equal(clock.pending, 0);
});

test("those who ask at the same time share one read", async () => {
  const { source, state } = scripted({ plan: {} });
  await Promise.all([source.fetch(anna), source.fetch(anna), source.fetch(anna)]);
  assert.equal(state.reads, 1);
});

test("forget drops the cache, and what was on its way does not come back", async () => {
  const { source, state } = scripted({ plan: {} });
  const running = source.fetch(anna);
  source.forget(anna);
  await running;
  await source.fetch(anna);
  assert.equal(state.reads, 2);
  source.forget(anna);
  await source.fetch(anna);
  assert.equal(state.reads, 3);
});

test("only scalars leave: lists are joined, objects, blanks and absent values are not there", async () => {
  const { source, state } = scripted({ a: {}, b: {}, c: {}, d: {}, e: { path: "$.list[1]['x y']" }, f: {} });
  state.row = {
    a: ["x", 2, { y: 1 }],
    b: { deep: 1 },
    c: "  ",
    e: 1,
    list: [0, { "x y": false }],
    f: Number.NaN,
  };
  const values = (await source.fetch(anna)).fields.map(({ name, value }) => [name, value]);
  assert.deepEqual(values, [
    ["a", "x, 2"],
    ["e", false],
  ]);
  state.row = undefined;
  source.forget(anna);
  assert.deepEqual((await source.fetch(anna)).fields, []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { Composer } from "../composer.ts";
import { ANNA, BEN, LINE, type Line, makeLine, ringing, SALES, STRANGER } from "./telephone.fixture.ts";

const code = (expected: string) => (error: unknown) => AstrocyteError.is(error) && error.code === expected;

function scenario(name: string, run: (line: Line) => Promise<void>, line?: object): void {
  test(name, async () => {
    const world = await makeLine(line);
    try {
      await run(world);
    } finally {
      await world.destroy();
    }
  });
}

const sessions = ({ composer }: Line) => composer.list({ limit: 20 });
const subjects = async (line: Line) => (await sessions(line)).map(({ subject }) => subject).reverse();

/** Lets our clock run, no faster than the store works, until it is so. */
async function until({ clock, composer }: Line, isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await composer.list({ limit: 1 });
    await clock.advance(5);
  }
}

scenario(
  "a call is answered by the persona of its number, with the person whose number calls",
  async (line) => {
    const answer = await line.ring();
    assert.equal(answer["accepted"], "call-1");
    const [row] = await sessions(line);
    assert.deepEqual(
      [row!.subject, row!.persona, row!.principal, row!.consent, row!.state],
      ["user:anna", "concierge", "service:phone-line", "memory", "open"],
    );
    const [binding] = line.vendor.bindings;
    assert.equal(answer["socket"], binding!.socketUrl);
    assert.deepEqual(binding!.inbound, { callId: "call-1", from: ANNA, to: "+4930111111", facts: {} });
    assert.equal(binding!.phone, undefined);
    await line.clock.advance(1);
    await line.ring({ id: "call-2", to: SALES });
    assert.equal((await sessions(line))[0]!.persona, "sales");
  },
);

scenario(
  "an unknown number is the same pseudonym each time, a hidden one another each time",
  async (line) => {
    const from = [STRANGER, "+4989 123456", "+4989123457", "anonymous", "", "+4969333444"];
    for (const [index, number] of from.entries()) {
      await line.clock.advance(1);
      await line.ring({ id: `call-${index}`, from: number, to: SALES });
      const [row] = await sessions(line);
      await line.composer.end(row!.id, "test");
    }
    const [first, again, other, hidden, hiddenAgain, shared] = await subjects(line);
    assert.match(first!, /^user:caller-[\w-]{20}$/);
    assert.equal(again, first);
    const all = [first, other, hidden, hiddenAgain, shared];
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.every((subject) => subject!.startsWith("user:caller-")));
    const consents = (await sessions(line)).map(({ consent }) => consent).reverse();
    assert.deepEqual(consents, ["memory", "memory", "memory", "transcript", "transcript", "memory"]);
  },
);

scenario("a number that two people have is nobody's, and no number is logged", async (line) => {
  await line.ring({ from: "+4969333444" });
  assert.match((await subjects(line))[0]!, /^user:caller-/);
  assert.ok(line.logged.some((entry) => entry["source"] === "customers"));
  assert.doesNotMatch(JSON.stringify(line.logged), /333444|caller-/);
});

scenario(
  "unknown callers are declined where that is said, and nothing is opened",
  async (line) => {
    assert.deepEqual(await line.ring({ from: STRANGER }), { declined: "not_found" });
    assert.deepEqual(await line.ring({ from: "anonymous" }), { declined: "not_found" });
    assert.deepEqual([await sessions(line), line.vendor.bindings], [[], []]);
    assert.equal((await line.ring({ from: ANNA }))["accepted"], "call-1");
  },
  { ...LINE, unknown: "decline" },
);

scenario(
  "the same call is opened once, however often and however much at once it is asked about",
  async (line) => {
    const gate = Promise.withResolvers<void>();
    line.vendor.onOpened = () => gate.promise;
    const elsewhere = new Composer(line.parts);
    const ask = ringing({ id: "call-1", from: ANNA, to: SALES }, "good");
    let answered = false;
    const answers = Promise.all([
      line.ring({ to: SALES }),
      line.ring({ to: SALES }),
      elsewhere.answerCall("scripted", ask),
    ]).finally(() => (answered = true));
    await until(line, () => line.vendor.running.size > 0);
    await line.clock.advance(500);
    assert.equal(answered, false);
    gate.resolve();
    await until(line, () => answered);
    const [first, second, third] = await answers;
    assert.deepEqual([second, JSON.parse(third.body)], [first, first]);
    assert.deepEqual(await line.ring(), first);
    assert.equal(line.vendor.bindings.length, 1);
    assert.equal((await sessions(line)).length, 1);
  },
);

scenario("a call that is over is not opened again", async (line) => {
  await line.ring();
  await line.composer.end((await sessions(line))[0]!.id, "hung_up");
  assert.deepEqual(await line.ring(), { declined: "gone" });
  assert.equal(line.vendor.bindings.length, 1);
});

scenario("what takes longer than the vendor waits is declined, and nothing of it is left", async (line) => {
  const gate = Promise.withResolvers<void>();
  line.vendor.onOpened = () => gate.promise;
  const answer = line.ring();
  while (line.vendor.running.size === 0) await sessions(line);
  let declined = false;
  void answer.then(() => (declined = true));
  await line.clock.advance(8_999);
  assert.equal(declined, false);
  await line.clock.advance(1);
  assert.deepEqual(await answer, { declined: "deadline_exceeded" });
  while ((await sessions(line))[0]!.state !== "failed");
  gate.resolve();
  while (line.vendor.running.size + line.vendor.resources.size > 0) await sessions(line);
  assert.equal((await sessions(line))[0]!.state, "failed");
});

scenario("a call is declined while it still composes, and the vendor is asked for nothing", async (line) => {
  const gate = Promise.withResolvers<void>();
  const composing = Promise.withResolvers<void>();
  const brief = line.parts.brief;
  line.parts.brief = async (request) => {
    composing.resolve();
    await gate.promise;
    return brief(request);
  };
  const answer = line.ring();
  await composing.promise;
  await line.clock.advance(9_000);
  assert.deepEqual(await answer, { declined: "deadline_exceeded" });
  while ((await sessions(line))[0]!.state !== "failed");
  gate.resolve();
  for (let turn = 0; turn < 20; turn++) await sessions(line);
  assert.deepEqual([line.vendor.bindings, line.vendor.ended], [[], []]);
  // A vendor that tries again is not refused for what failed.
  line.parts.brief = brief;
  assert.equal((await line.ring())["accepted"], "call-1");
});

scenario("a refusal is told to the person, and does not hang up on the words", async (line) => {
  line.vendor.faults.refuse = new AstrocyteError("vendor_capacity", "[scripted] full. Try again.");
  assert.deepEqual(await line.ring(), { declined: "vendor_capacity" });
  assert.deepEqual(line.vendor.ended, []);
  assert.equal((await sessions(line))[0]!.state, "failed");
});

scenario("places, the day's minutes and grants hold for calls that come in", async (line) => {
  for (const id of ["a", "b", "c"]) assert.equal((await line.ring({ id }))["accepted"], id);
  assert.deepEqual(await line.ring({ id: "d" }), { declined: "rate_limited" });
  await line.clock.advance(10 * 60_000);
  for (const { id } of await sessions(line)) await line.composer.end(id, "test");
  assert.deepEqual(await line.ring({ id: "d" }), { declined: "quota_exceeded" });
  line.parts.memory.openBank = async () => {
    throw new AstrocyteError("access_denied", "[access] no grant. Ask for one.");
  };
  assert.deepEqual(await line.ring({ id: "e" }), { declined: "access_denied" });
});

scenario("a forged call, or one where none come in, is refused and opens nothing", async (line) => {
  await assert.rejects(line.ring({}, "guess"), code("unauthenticated"));
  line.parts.inbound = new Map();
  await assert.rejects(line.ring(), code("not_supported"));
  assert.deepEqual(await sessions(line), []);
});

scenario("a source that is down makes a caller unknown; a required one declines the call", async (line) => {
  line.customers.find = async () => {
    throw new AstrocyteError("source_failed", "[source customers] the read failed. Check it.");
  };
  await line.ring({ id: "a" });
  assert.match((await subjects(line))[0]!, /^user:caller-/);
  Object.assign(line.customers, { required: true });
  assert.deepEqual(await line.ring({ id: "b" }), { declined: "source_failed" });
});

scenario("the agent and the application are told that a number proves nothing", async (line) => {
  let unverified: boolean | undefined;
  const { brief } = line.parts;
  line.parts.brief = (request) => {
    unverified = request.unverified;
    return brief(request);
  };
  await line.ring();
  assert.equal(unverified, true);
  const { metadata } = (await sessions(line))[0]!;
  assert.deepEqual(metadata, {
    inbound: { called: "+4930111111", identified_by: "caller_id", verified: false },
  });
});

scenario("the caller's number goes with the call", async (line) => {
  await line.ring({ from: BEN });
  const [row] = await sessions(line);
  assert.equal(row!.call?.inbound?.from, BEN);
  await line.composer.end(row!.id, "hung_up");
  assert.doesNotMatch(JSON.stringify(await sessions(line)), /428280/);
});

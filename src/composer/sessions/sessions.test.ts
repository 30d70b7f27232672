import assert from "node:assert/strict";
import { AstrocyteError } from "../../core/errors.ts";
import { openKey, sealKey } from "../../core/secrets.ts";
import type { SystemOfRecord } from "../briefing/sources/index.ts";
import { REQUEST, scenario, type World } from "../composer.fixture.ts";
import type { SessionState } from "../store.ts";
import type { Subject } from "../types.ts";
import { markerOf } from "./binding.ts";

const MINUTE = 60_000;
const code = (expected: string) => (error: unknown) => AstrocyteError.is(error) && error.code === expected;

async function stateOf({ composer }: World, id: string): Promise<SessionState> {
  return (await composer.get(id)).state;
}

/** Moves our clock and does what became due. */
async function pass({ clock, composer }: World, ms: number): Promise<void> {
  await clock.advance(ms);
  await composer.runDue();
}

function webhook({ parts }: World, sessionId: string, vendorSessionId: string, events: unknown[]) {
  const secret = sealKey(parts.secret, "webhook", sessionId);
  const body = new TextEncoder().encode(JSON.stringify({ id: vendorSessionId, events }));
  return [secret, { body, headers: {}, url: "https://app.test/callback", query: {} }] as const;
}

scenario("opening hands the vendor a briefing and keys, and the page a token of its own", async (world) => {
  const { session, token } = await world.composer.open(REQUEST);
  assert.equal(session.state, "open");
  assert.equal(openKey(world.parts.secret, "session", token), session.id);
  const binding = world.vendor.bindings[0]!;
  assert.equal(openKey(world.parts.secret, "brain", binding.brain.apiKey), session.id);
  assert.match(binding.callbackUrl, /^https:\/\/gateway\.test\/v1\/webhooks\/scripted\//);
  const keys = new Set([token, binding.brain.apiKey, binding.brain.contextToken, binding.tools.secret]);
  assert.equal(keys.size, 4);
  assert.equal(world.vendor.running.get("v1")?.briefing.greeting, "Hello Anna");
});

scenario("a persona that does not fit is refused before anything is stored or billed", async (world) => {
  await assert.rejects(world.composer.open({ ...REQUEST, persona: "odd" }), code("invalid_input"));
  await assert.rejects(world.composer.open({ ...REQUEST, vendor: "other" }), code("invalid_input"));
  await assert.rejects(world.composer.open({ ...REQUEST, subject: "anna" }), code("invalid_input"));
  assert.equal(world.vendor.bindings.length, 0);
  assert.deepEqual(await world.composer.list({ limit: 10 }), []);
});

scenario("a vendor that refuses leaves a failed session and nothing behind", async (world) => {
  world.vendor.faults.refuse = new AstrocyteError("vendor_capacity", "[scripted] full. Try later.");
  await assert.rejects(world.composer.open(REQUEST), code("vendor_capacity"));
  const [row] = await world.composer.list({ limit: 10 });
  assert.equal(row?.state, "failed");
  assert.equal(row?.endReason, "vendor_capacity");
});

scenario("a create whose answer got lost is found by its marker and ended", async (world) => {
  world.vendor.faults.loseAnswer = new AstrocyteError("vendor_timeout", "[scripted] no answer.");
  await assert.rejects(world.composer.open(REQUEST), code("vendor_timeout"));
  assert.equal(world.vendor.running.size, 0);
  assert.equal(world.vendor.resources.size, 0);
});

scenario("what a crash between create and record left is ended by the sweep", async (world) => {
  const crash = new Error("killed");
  world.vendor.onOpened = async () => {
    world.parts.store.sessions.transition = async () => Promise.reject(crash);
    throw crash;
  };
  const transition = world.parts.store.sessions.transition;
  await assert.rejects(world.composer.open(REQUEST));
  world.parts.store.sessions.transition = transition;
  assert.equal(world.vendor.running.size, 1);
  await world.clock.advance(world.parts.settings.openTimeoutMs);
  await world.composer.sweep();
  assert.equal(world.vendor.running.size, 0);
  assert.equal(world.vendor.resources.size, 0);
  const [row] = await world.composer.list({ limit: 1 });
  assert.equal(row?.state, "ended");
});

scenario("a session at the vendor with our marker and no right to be open is ended", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  world.vendor.running.set("stray", {
    ...world.vendor.running.get("v1")!,
    marker: markerOf(world.parts, "ses_unknown"),
  });
  world.vendor.running.set("staging", {
    ...world.vendor.running.get("v1")!,
    marker: markerOf({ secret: "another" }, "ses_staging"),
  });
  world.vendor.running.set("foreign", { ...world.vendor.running.get("v1")!, marker: "somebody else's" });
  const report = await world.composer.sweep();
  assert.equal(report.orphans, 1);
  assert.deepEqual([...world.vendor.running.keys()], ["v1", "staging", "foreign"]);
  assert.equal(await stateOf(world, session.id), "open");
});

scenario("nobody comes: ended by our clock after the absent timeout", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  await pass(world, MINUTE - 1);
  assert.equal(await stateOf(world, session.id), "open");
  await pass(world, 1);
  const row = await world.composer.get(session.id);
  assert.equal(row.state, "ended");
  assert.equal(row.endReason, "nobody_came");
  assert.equal(world.vendor.running.size, 0);
});

scenario("somebody joins and talks too long: goodbye is said and the call ends", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  await world.composer.clientEvents(session.id, [{ events: [{ type: "joined", who: "person" }] }]);
  await world.composer.runDue();
  assert.equal(await stateOf(world, session.id), "live");
  await pass(world, 10 * MINUTE);
  assert.deepEqual(world.vendor.commands, [{ kind: "say", text: "Goodbye." }]);
  assert.equal((await world.composer.get(session.id)).endReason, "max_duration");
});

scenario("everybody leaves: ended after the left timeout, unless they come back", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  const tell = async (type: string) => {
    const at = world.clock.now();
    await world.composer.clientEvents(session.id, [{ events: [{ type, who: "person", at }] }]);
    await world.composer.runDue();
  };
  await tell("joined");
  await tell("left");
  await pass(world, 10_000);
  await tell("joined");
  await pass(world, 30_000);
  assert.equal(await stateOf(world, session.id), "live");
  await tell("left");
  await pass(world, 20_000);
  assert.equal((await world.composer.get(session.id)).endReason, "everybody_left");
});

scenario("an end that the vendor refuses is repeated until it has let go", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  world.vendor.faults.failEnds = 2;
  assert.equal((await world.composer.end(session.id, "client")).state, "ending");
  assert.equal(world.vendor.running.size, 1);
  await pass(world, 0);
  await pass(world, 30_000);
  assert.equal(world.vendor.running.size, 0);
  assert.equal(await stateOf(world, session.id), "ended");
  const again = await world.composer.end(session.id, "again");
  assert.equal(again.endReason, "client");
});

scenario("an end while the vendor still opens closes what it opened", async (world) => {
  world.vendor.onOpened = async () => {
    const [row] = await world.composer.list({ limit: 1 });
    await world.parts.store.sessions.transition(row!.id, ["preparing"], {
      state: "ending",
      endReason: "client",
    });
  };
  await assert.rejects(world.composer.open(REQUEST), code("gone"));
  assert.equal(world.vendor.running.size, 0);
});

scenario("of sessions that race for the last place only as many open as may", async (world) => {
  const opened = await Promise.allSettled([1, 2, 3, 4].map(() => world.composer.open(REQUEST)));
  const refused = opened.filter((result) => result.status === "rejected");
  assert.equal(opened.length - refused.length, 2);
  for (const { reason } of refused) assert.ok(code("rate_limited")(reason));
  assert.equal(world.vendor.running.size, 2);
});

scenario("the day's minutes are counted and come back at midnight", async (world) => {
  for (let i = 0; i < 3; i++) {
    const { session } = await world.composer.open(REQUEST);
    await world.clock.advance(10 * MINUTE);
    await world.composer.end(session.id, "client");
  }
  await assert.rejects(world.composer.open(REQUEST), code("quota_exceeded"));
  await world.clock.advance(24 * 60 * MINUTE);
  await world.composer.open(REQUEST);
});

scenario("a webhook counts only at its own address and for its own vendor session", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  const [secret, request] = webhook(world, session.id, "v1", []);
  const wrong = webhook(world, session.id, "v2", []);
  const forged = [
    ["scripted", `${session.id}.forged`, request],
    ["other", secret, request],
    ["scripted", sealKey(world.parts.secret, "session", session.id), request],
    ["scripted", ...wrong],
  ] as const;
  for (const [vendor, path, sent] of forged) {
    await assert.rejects(world.composer.webhook(vendor, path, sent), code("unauthenticated"));
  }
});

scenario("an unsigned end is a hint: the vendor is asked first", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  await world.composer.webhook(
    "scripted",
    ...webhook(world, session.id, "v1", [{ type: "ended", reason: "x" }]),
  );
  await world.composer.runDue();
  assert.equal(await stateOf(world, session.id), "open");
  world.vendor.running.delete("v1");
  await world.composer.webhook(
    "scripted",
    ...webhook(world, session.id, "v1", [{ type: "ended", reason: "y" }]),
  );
  await world.composer.runDue();
  assert.equal(await stateOf(world, session.id), "ended");
});

scenario("commands go to the server, to the page, or are refused", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  assert.deepEqual(await world.composer.command(session.id, { kind: "say", text: "Hi" }), { via: "server" });
  const context = { kind: "append_context", text: "It rains." } as const;
  assert.deepEqual(await world.composer.command(session.id, context), { via: "client" });
  const events = await world.composer.events(session.id, 0);
  assert.deepEqual(events.at(-1)?.data, { message: context });
  await assert.rejects(world.composer.command(session.id, { kind: "interrupt" }), code("not_supported"));
  await world.composer.end(session.id, "client");
  await assert.rejects(world.composer.command(session.id, { kind: "say", text: "Hi" }), code("gone"));
});

scenario("a page that asks sends the message itself, and nothing is written down", async (world) => {
  Object.assign(world.vendor.capabilities, { respond: "client", interrupt: "client" });
  const { session } = await world.composer.open({ ...REQUEST, consent: "none" });
  const before = await world.composer.events(session.id, 0);
  const typed = { kind: "respond", text: "My aunt is a pilot." } as const;
  const message = { ...typed };
  assert.deepEqual(await world.composer.command(session.id, typed, true), { via: "client", message });
  await assert.rejects(world.composer.command(session.id, typed), code("not_supported"));
  assert.deepEqual(await world.composer.events(session.id, 0), before);
  assert.deepEqual(await world.composer.command(session.id, { kind: "interrupt" }), { via: "client" });
  const kept = await world.composer.open(REQUEST);
  assert.deepEqual(await world.composer.command(kept.session.id, typed), { via: "client" });
  assert.deepEqual((await world.composer.events(kept.session.id, 0)).at(-1)?.data, { message });
});

scenario("a browser's token dies with the session", async (world) => {
  const { session, token } = await world.composer.open(REQUEST);
  assert.equal((await world.composer.bySessionToken(token)).id, session.id);
  await assert.rejects(world.composer.bySessionToken(`${token}x`), code("unauthenticated"));
  await world.composer.end(session.id, "client");
  await assert.rejects(world.composer.bySessionToken(token), code("gone"));
});

scenario(
  "a vendor gets a tag of the person: the same each time, another for another, and no id",
  async (world) => {
    for (const subject of ["user:anna", "user:ben", "user:anna"]) {
      const { session } = await world.composer.open({ ...REQUEST, subject });
      await world.composer.end(session.id, "client");
    }
    const [first, other, again] = world.vendor.bindings.map(({ personTag }) => personTag);
    assert.match(first!, /^[\w-]{32}$/);
    assert.equal(again, first);
    assert.notEqual(other, first);
    assert.doesNotMatch(first!, /anna/);
  },
);

scenario(
  "forgetting a person drops what records said of them, and what their sessions kept",
  async (world) => {
    const dropped: string[] = [];
    const forget = ({ principal }: Subject) => void dropped.push(principal);
    world.parts.sources = new Map([["crm", { forget } as SystemOfRecord]]);
    const { session } = await world.composer.open(REQUEST);
    await world.composer.forgetSubject("user:anna", null);
    assert.deepEqual(dropped, ["user:anna"]);
    assert.equal(await world.composer.briefing(session.id), undefined);
    assert.equal(await stateOf(world, session.id), "ended");
  },
);

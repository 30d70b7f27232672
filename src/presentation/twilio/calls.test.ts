import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket as WsClient } from "ws";
import { FakeClock } from "../../testing/fake-clock.ts";
import { callTool, say } from "../completion.fixture.ts";
import { makeWorld, spoken, type World } from "./gateway.fixture.ts";
import { ANNA, OURS, requestOf } from "./harness.fixture.ts";
import { twilioSignature } from "./signature.ts";

const kinds = ({ state }: World) => state.told.map(({ type }) => type);
const reasons = ({ state }: World) =>
  state.told.flatMap((event) => (event.type === "ended" ? [event.reason] : []));

test("a stranger hears that we do not know the number; nothing is opened", async () => {
  await using world = await makeWorld();
  const call = await world.simulator.ring(world.number, "+4915112345678");
  await world.simulator.idle();
  assert.match(call.announced[0]!, /do not know this number/);
  assert.deepEqual([call.status, call.relays.length, world.state.told.length], ["completed", 0, 0]);
  assert.deepEqual(world.simulator.errors, []);
});

test("a ringing call that Twilio did not sign is refused, and so is another account's", async () => {
  await using world = await makeWorld();
  const { adapter, publicUrl, simulator } = world;
  const params = { CallSid: "CA1", AccountSid: simulator.accountSid, From: ANNA, To: OURS };
  const url = `${publicUrl}/inbound`;
  const genuine = requestOf(simulator.authToken, url, params);
  assert.equal(adapter.inbound!.parse(genuine).callId, "CA1");
  const body = new TextEncoder().encode(String(new URLSearchParams({ ...params, From: "+10000000000" })));
  for (const request of [
    requestOf("another token", url, params),
    requestOf(simulator.authToken, url, { ...params, AccountSid: `AC${"0".repeat(32)}` }),
    { ...genuine, body },
    { ...genuine, url: `${publicUrl}/elsewhere` },
    { ...genuine, headers: { "content-type": "application/x-www-form-urlencoded" } },
    { ...genuine, headers: { ...genuine.headers, "content-type": "application/json" } },
  ]) {
    assert.throws(() => adapter.inbound!.parse(request), { code: "unauthenticated" });
  }
});

test("who is not vouched for by the network is nobody, where that is asked for", async () => {
  await using world = await makeWorld({ config: { caller_attestation: "required" } });
  const { adapter, publicUrl, simulator } = world;
  const parse = (more: Record<string, string>) => {
    const params = { CallSid: "CA1", AccountSid: simulator.accountSid, From: ANNA, To: OURS, ...more };
    return adapter.inbound!.parse(requestOf(simulator.authToken, `${publicUrl}/inbound`, params));
  };
  assert.equal(parse({}).from, "anonymous");
  assert.equal(parse({ StirVerstat: "TN-Validation-Failed-A" }).from, "anonymous");
  const vouched = parse({ StirVerstat: "TN-Validation-Passed-A", FromCity: "LISBON" });
  assert.deepEqual(vouched, {
    ...{ callId: "CA1", from: ANNA, to: OURS },
    facts: { from_city: "LISBON", stir_verstat: "TN-Validation-Passed-A" },
  });
});

test("a socket that Twilio did not sign is closed, and one for another call", async () => {
  await using world = await makeWorld();
  const { binding, state, simulator } = world;
  const [code] = await once(new WsClient(binding.socketUrl), "close");
  assert.equal(code, 1008);
  await world.call();
  await world.until(() => state.told.some(({ type }) => type === "joined"));
  const signature = twilioSignature(simulator.authToken, binding.socketUrl);
  const stranger = new WsClient(binding.socketUrl, { headers: { "x-twilio-signature": signature } });
  stranger.on("open", () => stranger.send(JSON.stringify({ type: "setup", callSid: "CAother" })));
  const [refused] = await once(stranger, "close");
  assert.equal(refused, 1008);
  assert.deepEqual(kinds(world).filter((kind) => kind === "joined").length, 1);
});

test("a call that is handed over goes on without us", async () => {
  await using world = await makeWorld({ vendor: { transfers: { "front desk": "+14155550199" } } });
  const { state, simulator, adapter } = world;
  state.answers.push(
    callTool("transfer_call", { to: "nobody" }),
    callTool("transfer_call", { to: "front desk" }, "I connect you."),
  );
  const call = await world.call();
  call.say("A person please");
  assert.equal((await call.listen()).text, "I connect you.");
  await call.until(() => call.handedTo !== undefined);
  assert.equal(call.handedTo, "+14155550199");
  assert.match(String(state.asked[1]!.at(-1)!.content), /nobody of that name. Known: front desk/);
  assert.ok(!JSON.stringify(state.asked).includes("+14155550199"));
  assert.deepEqual(reasons(world), ["handed_over"]);
  await adapter.end(world.running().session, "handed_over");
  await adapter.release(state.resources);
  assert.equal(call.isOver, false);
  assert.deepEqual(simulator.errors, []);
});

test("who goes on speaking is not handed over", async () => {
  const clock = new FakeClock();
  const vendor = { transfers: { desk: "+14155550199" } };
  await using world = await makeWorld({ vendor, clock, switches: { wordsPerSecond: 2 } });
  const { state } = world;
  state.answers.push(callTool("transfer_call", { to: "desk" }, "I connect you now."), say("Of course."));
  const call = await world.call();
  call.say("A person please");
  await world.until(() => call.relays[0]!.received.some(({ last }) => last === true));
  await clock.advance(1_000);
  call.say("No, wait");
  while (call.heard.at(-1)?.text !== "Of course.") await clock.advance(500);
  await clock.advance(20_000);
  assert.equal(call.handedTo, undefined);
  assert.ok(state.asked[1]!.some(({ content }) => content?.includes("not handed over")));
});

test("a lost socket is connected again: no second greeting, and what was said is known", async () => {
  await using world = await makeWorld({ greeting: "Hello Anna." });
  const { state } = world;
  state.answers.push(say("Lisbon, I see."), say("You moved to Lisbon."));
  const call = await world.call();
  await call.listen();
  call.say("I moved to Lisbon.");
  await call.listen();
  world.restart();
  await call.until(() => call.relays.length === 2 && call.relays[1]!.connected);
  call.say("Where did I move?");
  assert.equal((await call.listen()).text, "You moved to Lisbon.");
  assert.deepEqual(
    state.asked.at(-1)!.map(({ content }) => content),
    ["Hello Anna.", "I moved to Lisbon.", "Lisbon, I see.", "Where did I move?"],
  );
  assert.equal(call.heard.filter(({ text }) => text === "Hello Anna.").length, 1);
  assert.equal(world.turns().filter(({ text }) => text === "Hello Anna.").length, 1);
  assert.deepEqual(reasons(world), []);
});

test("a question that the crash left unanswered is answered after it", async () => {
  await using world = await makeWorld();
  const { state } = world;
  state.answers.push(
    (res) => void res.destroy(),
    () => {},
    say("Here I am again."),
  );
  const call = await world.call();
  call.say("Are you there?");
  // The first answer breaks off, the apology is heard; the second never comes.
  await call.listen();
  call.say("Hello?");
  await world.until(() => state.asked.length === 2);
  world.restart();
  assert.equal((await call.listen()).text, "Here I am again.");
});

test("nothing counts as said while nobody hears it; what a tool gave is said on the next line", async () => {
  const clock = new FakeClock();
  await using world = await makeWorld({ clock, vendor: { attributes: { applicationReconnect: true } } });
  const { state, adapter } = world;
  const tool = Promise.withResolvers<void>();
  state.beforeTool = () => tool.promise;
  state.answers.push(callTool("look_up", {}), say("It is on its way."));
  const call = await world.call();
  call.say("Where is it?");
  await world.until(() => state.tools.length === 1);
  call.dropSocket();
  await world.until(() => state.told.some(({ type }) => type === "left"));
  const { session } = world.running();
  await assert.rejects(adapter.command!(session, { kind: "say", text: "Hello?" }), {
    code: "vendor_not_found",
  });
  tool.resolve();
  while (call.heard.length === 0) await clock.advance(100);
  assert.deepEqual(spoken(world.turns()), [
    ["user", "Where is it?"],
    ["agent", "It is on its way."],
  ]);
});

test("a socket that is refused is tried again, and given up in the end (64102)", async () => {
  await using world = await makeWorld({ config: { max_reconnects: 2 } });
  const { state, simulator } = world;
  state.deaf = true;
  const call = await world.call();
  await simulator.idle();
  assert.equal(call.status, "completed");
  assert.deepEqual(
    [call.relays.length, simulator.errors.map(({ code }) => code)],
    [3, [64102, 64102, 64102]],
  );
  assert.deepEqual(kinds(world), ["other", "other", "ended"]);
  assert.deepEqual(reasons(world), ["relay_lost"]);
});

test("callbacks that come twice, and after the end, change nothing", async () => {
  await using world = await makeWorld({ switches: { doubled: true } });
  world.state.answers.push(say("Hi."));
  const call = await world.call();
  call.say("Hello");
  await call.listen();
  await call.hangUp();
  await world.simulator.idle();
  assert.deepEqual(new Set(reasons(world)), new Set(["call_completed"]));
  assert.ok(world.simulator.callbacks.every(({ status }) => status === 200));
});

test("our end hears the agent out, then hangs up", async () => {
  const clock = new FakeClock();
  await using world = await makeWorld({ clock, switches: { wordsPerSecond: 2 } });
  const { adapter, state } = world;
  const call = await world.call();
  await world.until(() => state.told.some(({ type }) => type === "joined"));
  await adapter.command!(world.running().session, { kind: "say", text: "Goodbye and thank you!" });
  const ended = adapter.end(world.running().session, "agent_ended");
  await world.until(() => call.relays[0]!.voice.speaking);
  while (call.heard.length === 0) await clock.advance(100);
  assert.deepEqual(call.heard, [{ text: "Goodbye and thank you!", cut: false }]);
  await clock.advance(5_000);
  await ended;
  await world.simulator.idle();
  assert.equal(call.status, "completed");
  assert.deepEqual(
    world.turns().map(({ interrupted }) => interrupted ?? false),
    [false],
  );
});

test("a call of ours: dialled once, rings, is taken, talks, ends", async () => {
  await using world = await makeWorld({ greeting: "Hello Anna, this is Mara." });
  const { adapter, state, simulator, briefing, persona, binding } = world;
  const opened = await adapter.open(briefing, persona, binding);
  state.vendorSessionId = opened.vendorSessionId;
  assert.deepEqual(opened.join, { kind: "telephone", url: `tel:${OURS}` });
  assert.ok(!JSON.stringify(state.resources).includes(ANNA.slice(1)), "no number is kept");
  const call = await simulator.ringing();
  assert.deepEqual([call.facts.to, call.facts.from], [ANNA, OURS]);
  await simulator.pickUp(call);
  assert.equal((await call.listen()).text, "Hello Anna, this is Mara.");
  state.answers.push(say("Good."));
  call.say("Hello Mara");
  await call.listen();
  assert.equal(await adapter.isOpen!(world.running().session), true);
  await adapter.end(world.running().session, "test");
  await simulator.idle();
  assert.deepEqual([call.status, simulator.calls.length], ["completed", 1]);
  assert.deepEqual(spoken(world.turns()).at(-1), ["agent", "Good."]);
  const states = state.told.flatMap((event) => (event.type === "other" ? [event.facts["status"]] : []));
  assert.deepEqual(states, ["initiated", "ringing", "in-progress"]);
});

for (const [status, reason] of [
  ["busy", "call_busy"],
  ["no-answer", "call_no_answer"],
  ["failed", "call_failed"],
] as const) {
  test(`a call of ours that nobody takes: ${status}`, async () => {
    await using world = await makeWorld();
    const { adapter, simulator, briefing, persona, binding } = world;
    world.state.vendorSessionId = (await adapter.open(briefing, persona, binding)).vendorSessionId;
    await (await simulator.ringing()).end(status);
    await simulator.idle();
    assert.deepEqual(reasons(world), [reason]);
  });
}

test("without a number to call, or to call from, nothing is dialled", async () => {
  await using world = await makeWorld();
  const { adapter, simulator, briefing, persona, binding } = world;
  const { phone: _phone, ...nameless } = binding;
  await assert.rejects(adapter.open(briefing, persona, nameless), {
    code: "invalid_input",
    message: /number is not known/,
  });
  const long = { ...briefing, greeting: "Hello ".repeat(1_000) };
  await assert.rejects(adapter.open(long, persona, binding), { code: "invalid_input", message: /too long/ });
  assert.deepEqual([simulator.calls.length, world.state.resources.length], [0, 0]);
});

test("a call whose answer got lost is ended by the record alone, and no other", async () => {
  await using world = await makeWorld();
  const { adapter, simulator, briefing, persona, binding, state } = world;
  await adapter.open(briefing, persona, binding);
  const rightful = await simulator.ringing();
  simulator.faults.loseNext = true;
  await assert.rejects(adapter.open(briefing, persona, binding));
  const lost = await simulator.ringing();
  await simulator.idle();
  assert.deepEqual([rightful.status, lost.status], ["ringing", "canceled"]);
  // After a crash only the record is left: the moment of dialling and a hash of the number.
  world.restart();
  const dials = state.resources.filter(({ kind }) => kind === "dial").slice(0, 1);
  await world.adapter.release(dials);
  await simulator.idle();
  assert.equal(rightful.status, "canceled");
});

test("what Twilio refuses is told in our terms", async () => {
  await using world = await makeWorld();
  const { adapter, simulator, briefing, persona, binding } = world;
  for (const [status, code, expected] of [
    [401, 20003, "vendor_auth"],
    [429, 20429, "vendor_rate_limited"],
    [400, 21215, "vendor_invalid"],
    [400, 10004, "vendor_capacity"],
    [500, 20500, "vendor_failed"],
  ] as const) {
    simulator.faults.refuseNext = { status, code };
    await assert.rejects(adapter.open(briefing, persona, binding), (error: Error & { code?: string }) => {
      assert.equal(error.code, expected);
      return !error.message.includes(ANNA);
    });
  }
});

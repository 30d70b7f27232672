import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { callTool, delta, say } from "../completion.fixture.ts";
import { makeWorld, spoken } from "./gateway.fixture.ts";

const LONG = "Life is a complex set of rules that nobody has ever written down in one place.";

test("a call: greeting, question, answer from the brain token by token, hang-up", async () => {
  await using world = await makeWorld({ greeting: "Hello Anna, this is Mara." });
  const { state, simulator } = world;
  state.answers.push(say("You said", " hello."));
  const call = await world.call();
  assert.deepEqual(await call.listen(), { text: "Hello Anna, this is Mara.", cut: false });
  call.say("Hello");
  assert.deepEqual(await call.listen(), { text: "You said hello.", cut: false });
  const [relay] = call.relays;
  assert.deepEqual(relay!.received, [
    { type: "text", token: "You said", last: false },
    { type: "text", token: " hello.", last: false },
    { type: "text", token: "", last: true },
  ]);
  // The brain adds the session's briefing.
  assert.deepEqual(state.asked, [
    [
      { role: "assistant", content: "Hello Anna, this is Mara." },
      { role: "user", content: "Hello" },
    ],
  ]);
  await call.hangUp();
  await simulator.idle();
  await world.until(() => state.told.some(({ type }) => type === "left"));
  assert.deepEqual(spoken(world.turns()), [
    ["agent", "Hello Anna, this is Mara."],
    ["user", "Hello"],
    ["agent", "You said hello."],
  ]);
  const marks = state.told.filter(({ type }) => type !== "turn");
  assert.deepEqual(marks.map(({ type }) => type).sort(), ["ended", "joined", "left"]);
  assert.deepEqual(simulator.errors, []);
});

for (const durationAsText of [false, true]) {
  test(`who cuts in is answered; what was heard is what counts (milliseconds as text: ${durationAsText})`, async () => {
    await using world = await makeWorld({ switches: { durationAsText } });
    const { state } = world;
    let abandoned: Promise<unknown> | undefined;
    state.answers.push((res) => {
      delta(res, { content: LONG });
      abandoned = once(res, "close");
    }, say("Stopped."));
    const call = await world.call();
    call.say("Tell me");
    await call.interruptAfter(6);
    const cut = await call.listen();
    assert.ok(cut.cut && LONG.startsWith(cut.text));
    // What the model still writes reaches nobody: its request is gone.
    await abandoned;
    call.say("Stop");
    assert.equal((await call.listen()).text, "Stopped.");
    assert.deepEqual(call.relays[0]!.late, []);
    assert.deepEqual(
      state.asked[1]!.map(({ content }) => content),
      ["Tell me", cut.text, "Stop"],
    );
    const turn = world.turns().find(({ interrupted }) => interrupted);
    assert.deepEqual([turn?.text, turn?.heard], [LONG, cut.text]);
  });
}

test("an answer that was written long before is known as far as it was heard", async () => {
  await using world = await makeWorld({ switches: { wordsPerSecond: 20 } });
  const { state } = world;
  state.answers.push(say(LONG), say("Yes?"));
  const call = await world.call();
  call.say("Tell me");
  await call.until(() => call.relays[0]!.received.some(({ last }) => last === true));
  await call.interruptAfter(3);
  const { text } = await call.listen();
  call.say("Wait");
  await call.listen();
  assert.deepEqual(spoken(world.turns()), [
    ["user", "Tell me"],
    ["agent", text],
    ["user", "Wait"],
    ["agent", "Yes?"],
  ]);
  assert.equal(state.asked[1]![1]!.content, text);
});

for (const played of ["pieces", "all"] as const) {
  test(`who hangs up in the middle has heard half (tokens played: ${played})`, async () => {
    await using world = await makeWorld({ switches: { played } });
    world.state.answers.push(say(LONG));
    const call = await world.call();
    call.say("Tell me");
    const { voice } = call.relays[0]!;
    await call.until(() => voice.playedWords >= 5);
    await call.hangUp();
    await world.until(() => world.turns().some(({ interrupted }) => interrupted));
    const turn = world.turns().at(-1)!;
    assert.ok(turn.heard!.startsWith("Life is a complex set") && turn.heard!.length < LONG.length);
  });
}

test("partial prompts are not answered, empty ones neither", async () => {
  await using world = await makeWorld({ vendor: { partial_prompts: true } });
  const { state } = world;
  state.answers.push(say("Noted."));
  const call = await world.call();
  call.relays[0]!.send({ type: "prompt", voicePrompt: " ", last: true });
  call.say("I moved to Lisbon.");
  await call.listen();
  assert.deepEqual(spoken(world.turns()), [
    ["user", "I moved to Lisbon."],
    ["agent", "Noted."],
  ]);
  assert.equal(state.asked.length, 1);
});

test("a tool runs at our endpoint, and what it did is done whoever cuts in", async () => {
  await using world = await makeWorld({ switches: { wordsPerSecond: 20 } });
  const { state } = world;
  state.answers.push(callTool("look_up", {}, "One moment please."), say("It is on its way."));
  const call = await world.call();
  call.say("Where is it?");
  assert.equal((await call.listen()).text, "One moment please.");
  assert.equal((await call.listen()).text, "It is on its way.");
  assert.deepEqual(state.asked[1]!.at(-1), { role: "tool", tool_call_id: "call_1", content: "done" });
  assert.equal(state.tools.length, 1);

  state.answers.push(callTool("look_up", {}, LONG), () => {}, say("As you like."));
  call.say("And the other one?");
  await world.until(() => state.tools.length === 2 && state.asked.length === 4);
  await call.interruptAfter(2);
  call.say("Never mind");
  await call.until(() => call.heard.at(-1)!.text === "As you like.");
  const roles = state.asked.at(-1)!.map(({ role }) => role);
  assert.ok(roles.lastIndexOf("tool") > 0 && roles.at(-1) === "user");
});

test("while a tool still runs the model knows, and later what it gave", async () => {
  await using world = await makeWorld();
  const { state } = world;
  const tool = Promise.withResolvers<void>();
  state.beforeTool = () => tool.promise;
  state.answers.push(callTool("look_up", {}), say("A moment more."), say("It is on its way."));
  const call = await world.call();
  call.say("Where is it?");
  await world.until(() => state.tools.length === 1);
  call.say("Hello?");
  await call.listen();
  assert.match(String(state.asked[1]!.find(({ role }) => role === "tool")?.content), /still runs/);
  tool.resolve();
  await world.until(() => state.toolsDone === 1);
  call.say("And now?");
  await call.listen();
  assert.equal(state.asked[2]!.find(({ role }) => role === "tool")?.content, "done");
  assert.equal(state.tools.length, 1);
});

test("keys are entered by a pause or by #, and answered", async () => {
  await using world = await makeWorld({ config: { dtmf_pause_ms: 20_000 } });
  world.state.answers.push(say("Four two. Thank you."));
  const call = await world.call();
  call.press("42#");
  assert.equal((await call.listen()).text, "Four two. Thank you.");
  assert.deepEqual(spoken(world.turns())[0], ["user", "(pressed 42# on the telephone)"]);
});

test("keys may join the context alone", async () => {
  await using world = await makeWorld({ vendor: { dtmf: "context" }, config: { dtmf_pause_ms: 0 } });
  world.state.answers.push(say("Four."));
  const call = await world.call();
  call.press("4");
  call.say("Which one?");
  await call.listen();
  assert.match(String(world.state.asked[0]![0]!.content), /pressed 4/);
  assert.equal(world.turns().filter(({ role }) => role === "user").length, 1);
});

test("commands of ours: say, respond, context; not before somebody has answered", async () => {
  await using world = await makeWorld();
  const { state, adapter } = world;
  const session = () => world.running().session;
  await assert.rejects(adapter.command!(session(), { kind: "say", text: "Hello?" }), {
    code: "vendor_not_found",
  });
  const call = await world.call();
  await assert.rejects(adapter.command!(session(), { kind: "interrupt" }), { code: "not_supported" });
  await world.until(() => state.told.some(({ type }) => type === "joined"));
  await adapter.command!(session(), { kind: "say", text: "One minute left." });
  assert.equal((await call.listen()).text, "One minute left.");
  await adapter.command!(session(), { kind: "append_context", text: "The cart is empty." });
  state.answers.push(say("Your cart is empty."));
  await adapter.command!(session(), { kind: "respond", text: "Tell her about the cart." });
  assert.equal((await call.listen()).text, "Your cart is empty.");
  assert.ok(state.asked[0]!.some(({ content }) => content?.includes("The cart is empty.")));
  assert.ok(world.turns().every(({ role }) => role === "agent"));
});

test("a brain that fails is not silence", async () => {
  await using world = await makeWorld({ vendor: { apology: "Sorry, once more please." } });
  world.state.answers.push((res) => void res.writeHead(503).end('{"error":{"code":"overloaded"}}'));
  const call = await world.call();
  call.say("Hello?");
  assert.equal((await call.listen()).text, "Sorry, once more please.");
});

test("what could not be stored is not answered; the caller is asked to repeat it", async () => {
  const clock = new FakeClock();
  await using world = await makeWorld({ vendor: { apology: "Sorry, once more please." }, clock });
  const { state } = world;
  const call = await world.call();
  await world.until(() => state.told.some(({ type }) => type === "joined"));
  state.failing = 5;
  state.answers.push(say("Understood."));
  const heard = async (text: string) => {
    while (call.heard.at(-1)?.text !== text) await clock.advance(100);
  };
  call.say("My number is 7.");
  await heard("Sorry, once more please.");
  assert.equal(state.asked.length, 0);
  call.say("My number is 7.");
  await heard("Understood.");
});

test("Twilio's refusal of a message is noted without its words", async () => {
  await using world = await makeWorld();
  const call = await world.call();
  call.relays[0]!.send({ type: "error", description: "Invalid message received: secret words" });
  await world.until(() => world.state.told.some(({ type }) => type === "other"));
  assert.ok(!JSON.stringify(world.state.told).includes("secret"));
});

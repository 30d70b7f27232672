import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { PresentationEvent } from "../adapter.ts";
import { delta, say } from "../completion.fixture.ts";
import { makeRooms, Page } from "./room.fixture.ts";

const turns = (events: PresentationEvent[]) =>
  events.flatMap((event) => (event.type === "turn" ? [event.turn] : []));

test("the agent greets, hears, and answers from the brain with what was said before", async () => {
  const world = await makeRooms();
  try {
    world.brain.answers.push(say("You said", " hello."));
    const { join } = await world.open("ses_1", "Good morning.");
    const page = await Page.join(join);
    const greeting = await page.until("utterance");
    assert.deepEqual([greeting.role, greeting.text], ["agent", "Good morning."]);
    await page.send({ type: "utterance", id: "u1", text: "Hello" });
    const answer = await page.until("utterance", ({ text }) => text.startsWith("You"));
    assert.equal(answer.text, "You said hello.");
    const states = page.events.flatMap((event) => (event.type === "utterance.delta" ? [event.text] : []));
    assert.deepEqual(states, ["Good morning.", "You said", "You said hello."]);
    assert.deepEqual(world.brain.asked, [
      {
        authorization: "Bearer key-ses_1",
        messages: [
          { role: "system", content: "The briefing." },
          { role: "assistant", content: "Good morning." },
          { role: "user", content: "Hello" },
        ],
      },
    ]);
    assert.deepEqual(
      turns(world.told).map(({ key, role, text }) => [key, role, text]),
      [
        ["agent-1", "agent", "Good morning."],
        ["person-u1", "user", "Hello"],
        ["agent-2", "agent", "You said hello."],
      ],
    );
    const times = turns(world.told).map(({ at }) => at!);
    assert.ok(times.every((at, i) => i === 0 || at > times[i - 1]!));
  } finally {
    await world.destroy();
  }
});

test("who cuts in is answered, and what was heard until then is what counts", async () => {
  const world = await makeRooms();
  try {
    let abandoned: Promise<unknown> | undefined;
    world.brain.answers.push((res) => {
      delta(res, { content: "Let me tell you everything" });
      abandoned = once(res, "close");
    }, say("Stopped."));
    const page = await Page.join((await world.open()).join);
    await page.send({ type: "utterance", id: "u1", text: "Tell me" });
    await page.until("utterance.delta");
    await page.send({ type: "utterance", id: "u2", text: "Stop" });
    const cut = await page.until("utterance", ({ interrupted }) => interrupted === true);
    assert.equal(cut.heard, "Let me tell you everything");
    await page.until("utterance", ({ text }) => text === "Stopped.");
    await abandoned;
    assert.deepEqual(
      world.brain.asked[1]!.messages.map(({ content }) => content),
      ["The briefing.", "Tell me", "Let me tell you everything", "Stop"],
    );
    const cutTurn = turns(world.told).find(({ interrupted }) => interrupted);
    assert.deepEqual([cutTurn?.key, cutTurn?.heard], ["agent-1", "Let me tell you everything"]);
  } finally {
    await world.destroy();
  }
});

test("nothing is done before somebody joined, and whoever does not is shown out", async () => {
  const world = await makeRooms();
  try {
    const { join } = await world.open("ses_1");
    const hasty = new Page(join.url);
    await hasty.send({ type: "utterance", id: "u1", text: "Hello" });
    assert.equal((await hasty.until("error")).code, "unauthenticated");
    assert.equal(await hasty.closed(), 1008);
    const silent = new Page(join.url);
    await silent.opened();
    const shown = silent.closed();
    await world.clock.advance(10_000);
    assert.equal(await shown, 1008);
    assert.deepEqual([world.told, world.brain.asked], [[], []]);
  } finally {
    await world.destroy();
  }
});

test("a page that comes back is told what it missed; nobody else is in the room meanwhile", async () => {
  const world = await makeRooms();
  try {
    world.brain.answers.push(say("First."));
    const { join } = await world.open("ses_1", "Hi.");
    const page = await Page.join(join);
    const { seq } = await page.until("utterance");
    await page.drop();
    const again = await Page.join(join, seq);
    await again.until("joined", ({ who }) => who === "person");
    assert.ok(again.events.every((event) => event.seq > seq));
    await again.send({ type: "utterance", id: "u1", text: "Still there?" });
    await again.until("utterance", ({ text }) => text === "First.");
    const third = await Page.join(join, 0);
    assert.equal(await again.closed(), 1000);
    await third.until("utterance", ({ text }) => text === "First.");
    const said = third.events.flatMap((event) => (event.type === "utterance" ? [event.text] : []));
    assert.deepEqual(said, ["Hi.", "Still there?", "First."]);
  } finally {
    await world.destroy();
  }
});

test("the room ends when nobody comes, when everybody left, and when its time is up", async () => {
  const world = await makeRooms();
  const { clock, adapter, told } = world;
  try {
    await world.open("ses_1");
    await clock.advance(60_000);
    const left = await world.open("ses_2");
    const page = await Page.join(left.join);
    await page.until("joined");
    await page.drop();
    while (!told.some(({ type }) => type === "left")) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(20_000);
    const long = await world.open("ses_3");
    const stays = await Page.join(long.join);
    await stays.until("joined");
    await clock.advance(600_000);
    await stays.until("ended");
    const reasons = told.flatMap((event) => (event.type === "ended" ? [event.reason] : []));
    assert.deepEqual(reasons, ["nobody_came", "everybody_left", "max_duration"]);
    assert.deepEqual(await adapter.listOpen!(), []);
  } finally {
    await world.destroy();
  }
});

test("an end from our side is idempotent and finds the room gone afterwards", async () => {
  const world = await makeRooms();
  try {
    const { vendorSessionId, join } = await world.open();
    const handle = { sessionId: "ses_1", vendorSessionId, resources: [] };
    const page = await Page.join(join);
    await page.until("joined");
    assert.equal(await world.adapter.isOpen!(handle), true);
    await world.adapter.command!(handle, { kind: "say", text: "Goodbye." });
    await Promise.all([world.adapter.end(handle, "done"), world.adapter.end(handle, "again")]);
    assert.equal((await page.until("ended")).reason, "done");
    assert.equal(turns(world.told).at(-1)?.text, "Goodbye.");
    assert.equal(await world.adapter.isOpen!(handle), false);
    await assert.rejects(world.adapter.command!(handle, { kind: "interrupt" }), { code: "vendor_not_found" });
    assert.equal((await (await Page.join(join)).until("error")).code, "gone");
  } finally {
    await world.destroy();
  }
});

test("a repeat is heard once; what could not be stored is not answered and may be said again", async () => {
  const world = await makeRooms();
  try {
    world.brain.answers.push(say("Yes."));
    const page = await Page.join((await world.open()).join);
    await page.until("joined", ({ who }) => who === "person");
    world.faults.sink = 5;
    await page.send({ type: "utterance", id: "u1", text: "Hear me?" });
    const waits = setInterval(() => void world.clock.advance(1_000), 1);
    const failure = await page.until("error");
    clearInterval(waits);
    assert.equal(failure.code, "internal");
    assert.doesNotMatch(failure.message, /busy/);
    assert.equal(world.brain.asked.length, 0);
    const again = { type: "utterance", id: "u1", text: "Hear me?" } as const;
    await page.send(again, again);
    await page.until("utterance", ({ text }) => text === "Yes.");
    assert.equal(turns(world.told).filter(({ role }) => role === "user").length, 1);
  } finally {
    await world.destroy();
  }
});

test("a brain that fails is told to the page, without its words", async () => {
  const world = await makeRooms();
  try {
    world.brain.answers.push((res) => {
      res
        .writeHead(503)
        .end(JSON.stringify({ error: { code: "llm_unavailable", message: "secret detail" } }));
    });
    const page = await Page.join((await world.open()).join);
    await page.send({ type: "utterance", id: "u1", text: "Hello" });
    const { code, message } = await page.until("error");
    assert.equal(code, "llm_failed");
    assert.match(message, /llm_unavailable/);
    assert.doesNotMatch(message, /secret detail/);
  } finally {
    await world.destroy();
  }
});

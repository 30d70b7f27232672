import assert from "node:assert/strict";
import { test } from "node:test";
import { markerOf } from "../../src/composer/sessions/binding.ts";
import { APP_KEY, endAndSettle, openSession } from "../gateway.fixture.ts";
import {
  BRAIN_KEY,
  type ElevenLabsWorld,
  joinAsPage,
  MEMORY,
  WEBHOOK_SECRET,
  world,
  XI_KEY,
} from "./elevenlabs.fixture.ts";

const NOTHING = { agents: 0, tools: 0, secrets: 0 };

async function wordsOf({ call }: ElevenLabsWorld, id: string, role: string): Promise<string[]> {
  const { json } = await call(`/v1/sessions/${id}/transcript`, { key: APP_KEY });
  const turns = json["turns"] as Array<{ role: string; text: string }>;
  return turns.filter((turn) => turn.role === role).map(({ text }) => text);
}

async function stateOf({ call }: ElevenLabsWorld, id: string): Promise<unknown> {
  return (await call(`/v1/sessions/${id}`, { key: APP_KEY })).json["state"];
}

/** Lets what was accepted be worked off. */
async function settled(all: ElevenLabsWorld, id: string): Promise<void> {
  await all.call(`/v1/sessions/${id}/events`, { key: APP_KEY });
}

test("one call with an agent of its own, end to end: briefing, brain, tools of both kinds, webhook, memory, nothing left", async () => {
  await using all = await world();
  const { simulator } = all;
  const opened = await openSession(all, { vendor: "elevenlabs" });
  const told = JSON.stringify(opened);
  for (const hidden of [XI_KEY, WEBHOOK_SECRET, "The prompt of Mara"]) assert.ok(!told.includes(hidden));
  const page = await joinAsPage(all, opened as never);
  assert.ok(page.person.received.some((message) => JSON.stringify(message).includes("Hello from Lisbon.")));
  await page.exchange("I ran ten kilometres.", "Good to hear.");
  await page.exchange(MEMORY, "Remembered.");
  await page.exchange("I move to Porto.", "Moved to Porto.");
  const request = simulator.llmRequests[0]!;
  assert.equal(request.url, `${all.url}/brain/v1/chat/completions`);
  const prompts = all.llm.calls.map((each) => JSON.stringify(each));
  assert.ok(prompts.every((each) => each.includes("The prompt of Mara")));
  page.person.say("Goodbye.");
  assert.equal((await page.person.closed).code, 1000);
  await simulator.idle();
  await settled(all, opened.session_id);
  assert.equal(await stateOf(all, opened.session_id), "ended");
  assert.equal(
    (await all.call(`/v1/sessions/${opened.session_id}`, { key: APP_KEY })).json["end_reason"],
    "agent_ended",
  );
  assert.deepEqual(simulator.left(), NOTHING);
  assert.deepEqual(await wordsOf(all, opened.session_id, "user"), [
    "I ran ten kilometres.",
    MEMORY,
    "I move to Porto.",
    "Goodbye.",
  ]);
  const options = { bankId: "person:anna", context: { principal: "service:app" } };
  const found = await all.memory.recall("What is the name of the sister?", options);
  assert.ok(found.hits.some(({ text }) => text.includes("Miriam")));
});

test("many people on one agent of one's own: each hears of their own life, and nobody's token works alone", async () => {
  await using all = await world({ shared: true, tools: ["remember"] });
  const { simulator } = all;
  const context = { principal: "service:app" };
  for (const [who, fact] of [
    ["anna", "Anna's dog is called Bruno."],
    ["ben", "Ben's dog is called Rex."],
  ] as const)
    await all.memory.retain(fact, { bankId: `person:${who}`, context });
  for (const [who, dog, stranger] of [
    ["anna", "Bruno", "Rex"],
    ["ben", "Rex", "Bruno"],
  ] as const) {
    const opened = await openSession(all, { vendor: "elevenlabs", subject: `user:${who}` });
    assert.ok(!JSON.stringify(opened).includes(BRAIN_KEY));
    assert.ok(!JSON.stringify(opened).includes("The prompt of Mara"));
    const page = await joinAsPage(all, opened as never);
    const before = all.llm.calls.length;
    await page.exchange("Do you remember what the name of my dog is?", "Good to hear.");
    const seen = JSON.stringify(all.llm.calls.slice(before));
    assert.ok(seen.includes(dog) && !seen.includes(stranger), who);
    assert.ok(seen.includes("The prompt of Mara"), "the brain brings the briefing");
    assert.ok(!/astrocyte_context|elevenlabs_extra_body/.test(seen));
    const extra = simulator.llmRequests.at(-1)!.body["elevenlabs_extra_body"];
    const body = {
      model: "m",
      messages: [{ role: "user", content: "Who am I?" }],
      elevenlabs_extra_body: extra,
    };
    assert.equal((await all.call("/brain/v1/chat/completions", { body })).status, 401);
    await page.person.leave();
    await simulator.idle();
    await settled(all, opened.session_id);
    assert.deepEqual(await wordsOf(all, opened.session_id, "user"), [
      "Do you remember what the name of my dog is?",
    ]);
    assert.equal((await all.call("/brain/v1/chat/completions", { body, key: BRAIN_KEY })).status, 410);
  }
});

test("a talk that goes on after its session gets no more answers", async () => {
  for (const shared of [false, true]) {
    await using all = await world({ shared, tools: [] });
    const opened = await openSession(all, { vendor: "elevenlabs" });
    const page = await joinAsPage(all, opened as never);
    await page.exchange("I ran ten kilometres.", "Good to hear.");
    await endAndSettleSoon(all, opened.session_id);
    page.person.say("Are you still there?");
    assert.equal((await page.person.closed).code, 1002);
    assert.deepEqual(all.simulator.left().agents, shared ? 1 : 0);
  }
});

/** The record is not done while the page stays, so it is not waited for. */
async function endAndSettleSoon(all: ElevenLabsWorld, id: string): Promise<void> {
  await all.call(`/v1/sessions/${id}/end`, { key: APP_KEY, body: {} });
}

test("before a slow tool the brain says some words, where the model says none", async () => {
  await using all = await world({ elevenlabs: { buffer_words: "One moment" }, tools: ["move_to"] });
  const opened = await openSession(all, { vendor: "elevenlabs" });
  const page = await joinAsPage(all, opened as never);
  await page.exchange("I move to Porto.", "Moved to Porto.");
  const said = page.person.received
    .filter(({ type }) => type === "agent_response")
    .map((message) => (message["agent_response_event"] as { agent_response: string }).agent_response);
  assert.deepEqual(said.slice(1, 2), ["One moment... "]);
  await page.person.leave();
  await endAndSettle(all, opened.session_id);
});

test("context and typed words travel by the page, and are told apart", async () => {
  await using all = await world({ tools: [] });
  const opened = await openSession(all, { vendor: "elevenlabs" });
  const page = await joinAsPage(all, opened as never);
  const { session_id: id, session_token: key } = opened;
  const { json } = await all.call(`/v1/sessions/${id}/respond`, { key, body: { text: "I typed this." } });
  assert.deepEqual(json["message"], { type: "user_message", text: "I typed this." });
  page.person.send(json["message"] as never);
  await page.person.next((message) => JSON.stringify(message).includes("I typed this."));
  const context = await all.call(`/v1/sessions/${id}/context`, {
    key: APP_KEY,
    body: { text: "Cart empty." },
  });
  assert.equal(context.json["via"], "client");
  const said = await all.call(`/v1/sessions/${id}/say`, { key: APP_KEY, body: { text: "Hello." } });
  assert.equal(said.status, 422, "ElevenLabs cannot be made to say a given text");
  await page.person.leave();
  await endAndSettle(all, id);
});

test("webhooks that come twice, in another order or forged change nothing; without any the record is fetched", async () => {
  await using all = await world({ tools: [] });
  const { simulator } = all;
  simulator.faults.webhooks.duplicate = true;
  simulator.faults.webhooks.outOfOrder = true;
  const opened = await Promise.all([1, 2].map(() => openSession(all, { vendor: "elevenlabs" })));
  const pages = await Promise.all(opened.map((each) => joinAsPage(all, each as never)));
  for (const page of pages) await page.exchange("I ran ten kilometres.", "Good to hear.");
  await Promise.all(pages.map(({ person }) => person.leave()));
  await simulator.idle();
  for (const { session_id } of opened) {
    await settled(all, session_id);
    assert.deepEqual(await wordsOf(all, session_id, "user"), ["I ran ten kilometres."]);
  }
  assert.deepEqual(
    simulator.webhooks.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  const [real] = simulator.webhooks;
  const headers = {
    "elevenlabs-signature": real!.headers["ElevenLabs-Signature"]!,
    "content-type": "application/json",
  };
  const forged = real!.body.replace("ten kilometres", "no kilometres");
  assert.equal((await all.call("/v1/webhooks/elevenlabs", { body: forged, headers })).status, 401);

  simulator.faults.webhooks.missing = ["post_call_transcription"];
  const silent = await openSession(all, { vendor: "elevenlabs" });
  const page = await joinAsPage(all, silent as never);
  await page.exchange("I swam.", "Good to hear.");
  await page.person.leave();
  await endAndSettle(all, silent.session_id);
  assert.deepEqual(await wordsOf(all, silent.session_id, "user"), ["I swam."]);
  assert.deepEqual(simulator.left(), NOTHING);
});

test("should deleting an agent take its records along, the call is told from what the page heard", async () => {
  await using all = await world({ tools: [] });
  const { simulator, clock } = all;
  simulator.faults.agentDeletionHidesRecords = true;
  simulator.faults.webhooks.missing = ["post_call_transcription"];
  const opened = await openSession(all, { vendor: "elevenlabs" });
  const page = await joinAsPage(all, opened as never);
  await page.exchange("I ran ten kilometres.", "Good to hear.");
  await page.relay();
  await page.person.leave();
  await all.call(`/v1/sessions/${opened.session_id}/end`, { key: APP_KEY, body: {} });
  await clock.advance(6 * 60_000);
  await settled(all, opened.session_id);
  assert.deepEqual(await wordsOf(all, opened.session_id, "user"), ["I ran ten kilometres."]);
});

test("an agent, its tools and secrets that a lost record left behind are swept", async () => {
  await using all = await world();
  const { simulator } = all;
  const lost = markerOf(all.composer.parts, "ses_lost");
  simulator.makeAgent({ name: lost, conversation_config: {} });
  simulator.makeSecret(`${lost} brain`, "x");
  simulator.makeAgent({ name: "Somebody's", conversation_config: {} });
  const opened = await openSession(all, { vendor: "elevenlabs" });
  assert.equal((await all.composer.sweep()).leaked, 0);
  assert.deepEqual(simulator.left(), { agents: 2, tools: 2, secrets: 2 });
  await endAndSettleSoon(all, opened.session_id);
  assert.deepEqual(simulator.left(), { agents: 1, tools: 0, secrets: 0 });
});

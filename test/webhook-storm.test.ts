import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createTavusSimulator, type TavusSimulator } from "../src/presentation/tavus/simulator.ts";
import type { Row } from "../src/presentation/tavus/simulator-world.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";
import {
  APP_KEY,
  makeGateway,
  type OpenedSession,
  openSession,
  RoomPage,
  type World,
} from "./gateway.fixture.ts";

const SAID = [
  "My dog is called Rufus and he loves the beach.",
  "I run on Tuesdays with my sister Miriam.",
  "Next month I fly to Lisbon for a race.",
];
const MINUTE = 60_000;
const TAVUS_KEY = "tavus-account-key";

let world: World;
let tavus: TavusSimulator;

before(async () => {
  const clock = new FakeClock();
  tavus = await createTavusSimulator({ apiKey: TAVUS_KEY, clock });
  tavus.faults.speculativeRequests = 0;
  const presentation = { tavus: { api_key: TAVUS_KEY, base_url: tavus.url, face_id: "r90bbd427f71" } };
  // Each answer is one of its own, so that none of them can be taken for a repetition.
  const llm = createScriptedLLM({
    clock,
    reply: (messages) => `Well noted, that makes ${messages.length} things in the notebook.`,
  });
  world = await makeGateway({ presentation }, { clock, llm });
});
after(async () => {
  await world.destroy();
  await tavus.close();
});

/** What became of a call: turns that are in the transcript, and in memory with how often they came. */
async function outcome(opened: OpenedSession, person: string) {
  const { json } = await world.call(`/v1/sessions/${opened.session_id}/transcript`, { key: APP_KEY });
  const turns = json["turns"] as Array<{ role: string; text: string }>;
  const body = { bank_id: `person:${person}` };
  const lines = (await world.call("/v1/export", { key: APP_KEY, body })).text.trim().split("\n").slice(1);
  const memories = lines
    .map((line) => JSON.parse(line) as { text: string; fact_type: string; seen_count: number })
    .filter(({ fact_type }) => fact_type !== "summary");
  return {
    transcript: turns.filter(({ role }) => role !== "tool").map(({ role, text }) => `${role}: ${text}`),
    retained: memories.map(({ text, seen_count }) => `${seen_count}× ${text}`).sort(),
  };
}

/** Time goes by, and the gateway does what is due. */
async function pass(ms: number): Promise<void> {
  await world.clock.advance(ms);
  await world.composer.runDue();
}

type Weather = {
  seed: number;
  /** When Tavus has the transcript; later than the gateway waits for it, if that is long. */
  transcriptAfterMs: number;
  lost: number;
  copies: number;
  delayMs: number;
  clientEvents: boolean;
};

/** One call whose callbacks are delivered by the weather. */
async function callIn(weather: Weather, person: string) {
  const random = randomOf(weather.seed);
  tavus.timing.transcriptAfterMs = weather.transcriptAfterMs;
  tavus.faults.webhooks.missing = ["*"];
  tavus.faults.rowTimestamps = pick(random, ["float", "iso", "none"]);
  tavus.faults.names = pick(random, ["both", "legacy", "new"]);
  const opened = await openSession(world, { vendor: "tavus", subject: `user:${person}` });
  const id = new URL(opened.join.url).pathname.slice(1);
  const guest = await tavus.room(id).join({ token: opened.join.token });
  for (const text of SAID) {
    guest.say(text);
    await tavus.idle();
    await guest.next(({ properties }) =>
      String((properties as Row | undefined)?.["speech"]).startsWith("Well"),
    );
    await pass(2_700);
  }
  if (weather.clientEvents) await relay(opened, guest.messages, random);
  await world.call(`/v1/sessions/${opened.session_id}/end`, { key: APP_KEY, body: {} });
  for (let ms = 0; ms < weather.transcriptAfterMs; ms += MINUTE) await pass(MINUTE);
  await deliver(id, weather, random);
  // Longer than anything is waited for.
  for (let minutes = 0; minutes < 15; minutes++) await pass(MINUTE);
  return outcome(opened, person);
}

/** The page's reports: in any order, twice, and by another clock than Tavus's. */
async function relay(opened: OpenedSession, messages: Row[], random: () => number): Promise<void> {
  const skewed = messages.map((message) => ({ ...message, timestamp: Number(message["timestamp"]) + 1.4 }));
  for (const events of [
    ...shuffled(batches(skewed, 5), random),
    skewed.slice(0, 50),
    batches(skewed, 5)[0]!,
  ]) {
    const path = `/v1/sessions/${opened.session_id}/client-events`;
    const { status, text } = await world.call(path, { key: opened.session_token, body: { events } });
    assert.equal(status, 202, text);
  }
}

async function deliver(conversation: string, weather: Weather, random: () => number): Promise<void> {
  const { events, body } = tavus.conversation(conversation);
  const path = new URL(String(body["callback_url"])).pathname;
  const mustCome = weather.transcriptAfterMs > 5 * MINUTE ? "application.transcription_ready" : "";
  const arriving = events.filter((event) => event["event_type"] === mustCome || random() >= weather.lost);
  const all = arriving.flatMap((event) =>
    Array.from({ length: 1 + Math.floor(random() * weather.copies) }, () => event),
  );
  for (const event of shuffled(all, random)) {
    const forged = { ...event, conversation_id: `${conversation}0` };
    assert.equal((await world.call(path, { body: forged })).status, 401);
    assert.equal((await world.call(path.replace(/.$/, "~"), { body: event })).status, 401);
    assert.equal((await world.call(path, { body: event })).status, 200);
    await pass(Math.floor(random() * weather.delayMs));
  }
}

test("Tavus's callbacks doubled, reordered, late, lost or forged: the end is always the same", async () => {
  const calm = { transcriptAfterMs: 0, lost: 0, copies: 1, delayMs: 0, clientEvents: false };
  const expected = await callIn({ ...calm, seed: 1 }, "calm");
  assert.deepEqual(
    expected.transcript.filter((turn) => turn.startsWith("user")),
    SAID.map((text) => `user: ${text}`),
  );
  for (const text of SAID) assert.ok(expected.retained.includes(`1× ${text}`), expected.retained.join("\n"));
  assert.equal(expected.retained.length, expected.transcript.length);

  const late = 7 * MINUTE;
  const storms: Array<Partial<Weather>> = [
    { copies: 3 },
    { delayMs: 4 * MINUTE, copies: 2 },
    { lost: 1 },
    { lost: 0.5, copies: 3, delayMs: 6 * MINUTE },
    { clientEvents: true },
    { clientEvents: true, lost: 1, transcriptAfterMs: MINUTE },
    { clientEvents: true, transcriptAfterMs: late },
    { clientEvents: true, transcriptAfterMs: late, copies: 3, lost: 0.5, delayMs: 3 * MINUTE },
    { transcriptAfterMs: late, copies: 3, delayMs: MINUTE },
  ];
  for (const [i, storm] of storms.entries()) {
    for (const seed of [10 + i, 20 + i]) {
      const found = await callIn({ ...calm, ...storm, seed }, `storm-${seed}`);
      assert.deepEqual(found, expected, JSON.stringify({ ...storm, seed }));
    }
  }
});

test("what comes late, after a crash between memory and its mark, is not stored a second time", async () => {
  const { turns } = world.composer.parts.store;
  const { markRetained } = turns;
  const calm = { lost: 0, copies: 1, delayMs: 0, seed: 1 };
  const expected = await callIn({ ...calm, transcriptAfterMs: 0, clientEvents: false }, "unharmed");
  let crashes = 1;
  turns.markRetained = (...args) =>
    crashes-- > 0 ? Promise.reject(new Error("killed")) : markRetained(...args);
  try {
    const found = await callIn({ ...calm, transcriptAfterMs: 7 * MINUTE, clientEvents: true }, "harmed");
    assert.ok(crashes < 0);
    assert.deepEqual(found, expected);
  } finally {
    turns.markRetained = markRetained;
  }
});

test("what a page says twice, over a connection that breaks, is said once", async () => {
  const said = async (person: string, twice: boolean) => {
    const opened = await openSession(world, { subject: `user:${person}` });
    let page = await RoomPage.join(opened);
    for (const [i, text] of SAID.entries()) {
      const utterance = { type: "utterance", id: `u${i}`, text } as const;
      if (twice) {
        await page.send(utterance);
        await page.until((event) => event.type === "utterance" && event.id === utterance.id);
        page.close();
        page = await RoomPage.join(opened);
        await page.send(utterance, utterance);
      } else await page.send(utterance);
      await page.until((event) => event.type === "utterance" && event.text.includes(` ${2 * i + 2} things`));
      await pass(2_700);
    }
    const { parts } = world.composer;
    const turns = twice ? await parts.store.turns.list(opened.session_id) : [];
    for (const { key, role, text, at } of turns)
      await world.composer.roomEvents(opened.session_id, [{ type: "turn", turn: { key, role, text, at } }]);
    await world.call(`/v1/sessions/${opened.session_id}/end`, { key: APP_KEY, body: {} });
    for (let minutes = 0; minutes < 3; minutes++) await pass(MINUTE);
    return outcome(opened, person);
  };
  const expected = await said("once", false);
  assert.equal(expected.retained.length, expected.transcript.length);
  assert.deepEqual(await said("twice", true), expected);
});

/** A small generator (xorshift) with a seed, so that a storm can be repeated. */
function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

function shuffled<T>(items: T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function batches<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

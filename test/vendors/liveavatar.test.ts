// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how LiveAvatar writes variables
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { connect, type Session } from "../../src/client/index.ts";
import {
  createLiveAvatarSimulator,
  type LiveAvatarSimulator,
} from "../../src/presentation/liveavatar/simulator.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../../src/testing/scripted-llm.ts";
import { APP_KEY, endAndSettle, makeGateway, type OpenedSession, openSession } from "../gateway.fixture.ts";

const LIVEAVATAR_KEY = "liveavatar-account-key";
const AVATAR = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a";
const NOTHING = { sessions: 0, contexts: 0, secrets: 0, llmConfigurations: 0 };
const SISTER = "My sister is called Miriam.";
const WISH = "Remember that I sit by the window.";

/** LiveAvatar and the gateway, over real HTTP and WebSockets. */
async function world(settings: (simulator: LiveAvatarSimulator) => Record<string, unknown> = () => ({})) {
  const clock = new FakeClock();
  const simulator = await createLiveAvatarSimulator({ apiKey: LIVEAVATAR_KEY, clock });
  const llm = createScriptedLLM({
    clock,
    reply(messages, { tools = [] }) {
      const last = messages.at(-1)!;
      const tool = tools.find(({ name }) => name === "remember");
      if (last.role !== "user" || !String(last.content).includes(WISH) || !tool) return "Good to hear.";
      const args = JSON.stringify({ fact: "Anna wants a seat by the window." });
      return { toolCalls: [{ id: "call_seat", name: tool.name, arguments: args }] };
    },
  });
  const liveavatar = {
    ...{ api_key: LIVEAVATAR_KEY, base_url: simulator.url, avatar_id: AVATAR },
    ...settings(simulator),
  };
  // No sweep but the test's own: it would find out by itself what the page is to tell.
  const options = { clock, llm, settings: { sweepEveryMs: 24 * 3_600_000 } };
  const gateway = await makeGateway({ presentation: { liveavatar } }, options);
  return {
    ...gateway,
    simulator,
    llm,
    async [Symbol.asyncDispose]() {
      await gateway.destroy();
      await simulator.close();
    },
  };
}

type World = Awaited<ReturnType<typeof world>>;

/** A page in the room: `connect` with the room that the page made. */
async function joinAsPage({ url, clock }: World, opened: OpenedSession) {
  const { session_id: sessionId, session_token: sessionToken, join } = opened;
  const room = new FakeLiveKitRoom();
  const heard: string[] = [];
  room.on("dataReceived", (bytes: Uint8Array) => {
    const { event_type, text } = JSON.parse(new TextDecoder().decode(bytes));
    if (event_type === "avatar.transcription") heard.push(text);
    room.emit("heard");
  });
  const host = { after: (ms: number, run: () => void) => clock.after(ms, run) };
  const session = await connect({ baseUrl: url, sessionId, sessionToken, join, room, host });
  const until = async (text: string) => {
    while (!heard.includes(text)) await once(room, "heard");
  };
  return { room, session, heard, until };
}

function state(session: Session): Promise<string> {
  return new Promise((resolve) =>
    session.on("state", ({ state, reason }) => state === "ended" && resolve(reason ?? "")),
  );
}

/** The id at LiveAvatar of the only session that runs. */
async function running({ composer }: World, id: string): Promise<string> {
  return (await composer.get(id)).vendorSessionId!;
}

/** Without moving the clock, which LiveAvatar ends idle sessions by. */
async function until({ composer }: World, id: string, state: string): Promise<void> {
  while ((await composer.get(id)).state !== state) await composer.runDue();
}

test("one call with LiveAvatar, end to end: briefing, brain, commands, transcript, memory, nothing left", async () => {
  await using all = await world();
  const { simulator, call, clock } = all;
  const opened = await openSession(all, { vendor: "liveavatar" });
  const text = JSON.stringify(opened);
  assert.ok(!text.includes(LIVEAVATAR_KEY) && !text.includes("The prompt of Mara"));
  const page = await joinAsPage(all, opened);
  await page.until("Hello from Lisbon.");
  await clock.advance(1_000);
  page.room.speak(SISTER);
  await page.until("Good to hear.");

  const [asked] = simulator.llmRequests;
  assert.equal(asked?.outcome, "answered");
  assert.match(asked!.url, /\/brain\/v1\/chat\/completions$/);
  const prompt = JSON.stringify(all.llm.calls.at(-1));
  assert.equal(prompt.split("The prompt of Mara").length, 2, "the briefing is there once, by the vendor");

  const path = `/v1/sessions/${opened.session_id}`;
  await call(`${path}/say`, { key: APP_KEY, body: { text: "One moment please." } });
  while (!page.heard.includes("One moment please.")) {
    await clock.advance(100);
    await all.composer.runDue();
  }
  const refused = await call(`${path}/context`, { key: APP_KEY, body: { text: "The cart is empty." } });
  assert.equal(refused.status, 422);

  const ended = state(page.session);
  await endAndSettle(all, opened.session_id);
  assert.deepEqual(simulator.left(), NOTHING);
  await clock.advance(1_000);
  await ended;
  const { json } = await call(`${path}/transcript`, { key: APP_KEY });
  const turns = json["turns"] as Array<{ role: string; text: string; channel: string }>;
  assert.deepEqual(
    turns.map(({ role, text, channel }) => [role, text, channel]),
    [
      ["agent", "Hello from Lisbon.", "pull"],
      ["user", SISTER, "pull"],
      ["agent", "Good to hear.", "pull"],
      ["agent", "One moment please.", "pull"],
    ],
  );
  const context = { principal: "service:app" };
  const found = await all.memory.recall("What is the sister called?", { bankId: "person:anna", context });
  assert.ok(found.hits.some((hit) => hit.text.includes("Miriam")));

  // The session's key died with it.
  const { url, headers, body } = asked!;
  const again = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(again.status, 410);
});

test("the brain adds the briefing itself where the vendor does not send it", async () => {
  const context = { name: "own", prompt: "You are somebody.", opening_text: "${greeting}" };
  const ways: Array<(simulator: LiveAvatarSimulator) => Record<string, unknown>> = [
    () => ({}),
    (simulator) => ({ strategy: "shared_context", context_id: simulator.addContext(context) }),
  ];
  for (const settings of ways) {
    await using all = await world(settings);
    all.simulator.switches.sendsPrompt = false;
    const page = await joinAsPage(all, await openSession(all, { vendor: "liveavatar" }));
    await page.until("Hello from Lisbon.");
    page.room.speak("I ran.");
    await page.until("Good to hear.");
    assert.equal(JSON.stringify(all.llm.calls.at(-1)).split("The prompt of Mara").length, 2);
  }
});

test("LiveAvatar calls no tools, so the brain runs the persona's within its answer", async () => {
  await using all = await world();
  const opened = await openSession(all, { vendor: "liveavatar" });
  const page = await joinAsPage(all, opened);
  await page.until("Hello from Lisbon.");
  page.room.speak(WISH);
  await page.until("Good to hear.");
  const context = { principal: "service:app" };
  const { hits } = await all.memory.recall("Where does Anna sit?", { bankId: "person:anna", context });
  assert.ok(hits.some(({ text }) => text.includes("by the window")));
});

test("a long call is kept alive, and one that LiveAvatar ends is ended here too", async () => {
  await using all = await world();
  const { simulator, clock } = all;
  const opened = await openSession(all, { vendor: "liveavatar" });
  const page = await joinAsPage(all, opened);
  await page.until("Hello from Lisbon.");
  const id = await running(all, opened.session_id);
  // The page gathers what it reports for a second.
  await clock.advance(1_000);
  await until(all, opened.session_id, "live");
  const signs = () => simulator.requests.filter((request) => request.path.endsWith("/keep-alive")).length;
  for (let sign = 1; sign <= 3; sign++) {
    await clock.advance(150_000);
    await all.composer.runDue();
    while (signs() < sign) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(simulator.session(id).state, "active", "past the five minutes of idleness");
  const ended = state(page.session);
  simulator.end(id, "NO_CREDITS");
  await once(page.room, "heard");
  await until(all, opened.session_id, "ended");
  await ended;
  assert.equal((await all.composer.get(opened.session_id)).endReason, "vendor_credits");
  assert.deepEqual(simulator.left(), NOTHING);
});

test("without a page that tells, the sweep finds out that a session is over", async () => {
  await using all = await world();
  const opened = await openSession(all, { vendor: "liveavatar" });
  all.simulator.end(await running(all, opened.session_id), "SERVER_ERROR");
  const report = await all.composer.sweep();
  assert.equal(report.recovered, 1);
  assert.equal((await all.composer.get(opened.session_id)).endReason, "ended_at_vendor");
});

test("what a failed open could not take back is swept, and nobody else's things are touched", async () => {
  await using all = await world();
  const { simulator, call } = all;
  const own = { name: "The customer's own", prompt: "p", opening_text: "o" };
  simulator.addContext(own);
  const body = { persona: "support", subject: "user:anna", vendor: "liveavatar", consent: "memory" };
  // The start is refused, and then nothing answers for a while.
  simulator.switches.creditsLeft = 0;
  const start = () => simulator.requests.some(({ path }) => path === "/v1/sessions/start");
  const opening = call("/v1/sessions", { key: APP_KEY, body });
  while (!start()) await new Promise((resolve) => setImmediate(resolve));
  simulator.switches.failNext = 1_000;
  const { status, text } = await opening;
  assert.equal(status, 502);
  assert.ok(!text.includes(LIVEAVATAR_KEY));
  const left = simulator.left();
  assert.ok(left.contexts > 1 && left.secrets === 1 && left.llmConfigurations === 1);
  simulator.switches.failNext = 0;
  const report = await all.composer.sweep();
  assert.deepEqual([report.leftovers, report.leaked], [1, 0]);
  assert.deepEqual(simulator.left(), { ...NOTHING, contexts: 1 });
});

test("a persona with tools beside LiveAvatar's own model, and one of HeyGen's old API, are refused before anything is made", async () => {
  await using all = await world(() => ({ custom_llm: false }));
  const body = { persona: "support", subject: "user:anna", vendor: "liveavatar", consent: "memory" };
  const { status, text } = await all.call("/v1/sessions", { key: APP_KEY, body });
  assert.equal(status, 400);
  assert.match(text, /own model calls no tools \(remember, recall, end_call\)/);
  assert.deepEqual(all.simulator.requests, []);
  const persona = { name: "Mara", prompt: "You are Mara.", vendors: { heygen: { avatar_name: "Wayne" } } };
  for (const changes of [{ presentation: { heygen: { api_key: "k" } } }, { personas: { mara: persona } }])
    await assert.rejects(
      makeGateway(changes),
      /were replaced by LiveAvatar.*Rename the block to liveavatar/s,
    );
});

test("the example has two calls, and the second knows the first", async () => {
  const main = join(import.meta.dirname, "../../examples/liveavatar/main.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [main]);
  assert.match(stdout, /^- My sister Miriam lives in Porto\.$/m);
  assert.match(stdout, /Where does my sister live\?\nTheo: .*My sister Miriam lives in Porto/);
  assert.match(stdout, /0 sessions, 0 contexts, 0 secrets, 0 LLM configurations/);
});

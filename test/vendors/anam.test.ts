import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { AnamClient } from "@anam-ai/js-sdk";
import { anamRoom } from "../../examples/anam/page.ts";
import { connect } from "../../src/client/index.ts";
import { createAnamSimulator } from "../../src/presentation/anam/simulator.ts";
import { FakeAnamClient } from "../../src/presentation/anam/simulator-page.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../../src/testing/scripted-llm.ts";
import { APP_KEY, endAndSettle, makeGateway, type OpenedSession, openSession } from "../gateway.fixture.ts";

const ANAM_KEY = "anam-account-key";
const NOTHING = { sessions: 0, llms: 0 };
const SISTER = "My sister is called Miriam.";
const WISH = "Remember that I sit by the window.";
const ADDRESS = "I moved to Porto.";
/** What the model does when it hears these words. */
const CALLS: Record<string, { name: string; args: object }> = {
  [WISH]: { name: "remember", args: { fact: "Anna wants a seat by the window." } },
  [ADDRESS]: { name: "change_address", args: { to: "Porto" } },
};

/** Anam and the gateway, over real HTTP and WebSockets. */
async function world(settings: Record<string, unknown> = {}) {
  const clock = new FakeClock();
  const simulator = await createAnamSimulator({ apiKey: ANAM_KEY, clock });
  const addresses: unknown[] = [];
  const llm = createScriptedLLM({
    clock,
    reply(messages, { tools = [] }) {
      const last = messages.at(-1)!;
      if (last.role === "tool") return `Done: ${String(last.content).includes("Porto") ? "Porto" : "noted"}.`;
      const call = Object.entries(CALLS).find(([words]) => String(last.content).includes(words))?.[1];
      if (!call || !tools.some(({ name }) => name === call.name)) return "Good to hear.";
      return { toolCalls: [{ id: "call_1", name: call.name, arguments: JSON.stringify(call.args) }] };
    },
  });
  const account = { api_key: ANAM_KEY, base_url: simulator.url, avatar_id: "cara", voice_id: "ana" };
  const persona = {
    name: "Mara",
    prompt: "The prompt of Mara.",
    greeting: "Hello from {{city}}.",
    sources: ["crm"],
  };
  const tools = ["remember", "recall", "end_call", "change_address"];
  const gateway = await makeGateway(
    { presentation: { anam: { ...account, ...settings } }, personas: { support: { ...persona, tools } } },
    {
      ...{ clock, llm, settings: { sweepEveryMs: 24 * 3_600_000 } },
      tools: [
        {
          ...{
            name: "change_address",
            description: "Changes the address.",
            result: "speak",
            delivery: "server",
            confirm: false,
          },
          parameters: { type: "object", properties: { to: { type: "string" } }, required: ["to"] },
          run: async (args) => {
            addresses.push(args);
            return { output: "It is Porto now." };
          },
        },
      ],
    },
  );
  return {
    ...{ ...gateway, simulator, llm, addresses },
    async [Symbol.asyncDispose]() {
      await gateway.destroy();
      await simulator.close();
    },
  };
}

type World = Awaited<ReturnType<typeof world>>;

/** A page with Anam's client in it, and the person in front of it. */
async function joinAsPage({ url, clock, simulator, composer }: World, opened: OpenedSession) {
  const { session_id: sessionId, session_token: sessionToken, join } = opened;
  const anam = new FakeAnamClient(join.token!, join.url);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const host = { after: (ms: number, run: () => void) => clock.after(ms, run) };
  const transport = anamRoom(anam as unknown as AnamClient, join, "avatar");
  const session = await connect({ baseUrl: url, sessionId, sessionToken, join, transport, host });
  const look = () => waiting.forEach((each) => void each());
  session.on("transcript", ({ role, text }) => {
    lines.push(`${role}: ${text}`);
    look();
  });
  session.on("state", ({ state, reason }) => {
    lines.push(`${state} ${reason ?? ""}`);
    look();
  });
  const label = (await composer.get(sessionId)).vendorSessionId!;
  return {
    ...{ anam, session, lines, label },
    /** Into the microphone. */
    speak: (words: string) => simulator.say(simulator.sessionsOf(label).at(-1)!.id, words),
    until: (wanted: string) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!lines.some((line) => line.startsWith(wanted))) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Without moving the clock. */
async function until({ composer }: World, id: string, state: string): Promise<void> {
  while ((await composer.get(id)).state !== state) await composer.runDue();
}

test("one call with Anam, end to end: briefing, brain, commands, tools, transcript, memory, nothing left", async () => {
  await using all = await world();
  const { simulator, call, clock } = all;
  const opened = await openSession(all, { vendor: "anam" });
  const text = JSON.stringify(opened);
  assert.ok(!text.includes(ANAM_KEY) && !text.includes("The prompt of Mara"));
  assert.deepEqual(simulator.left(), { sessions: 0, llms: 1 });
  const page = await joinAsPage(all, opened);
  await page.until("agent: Hello from Lisbon.");
  await clock.advance(1_000);
  page.speak(SISTER);
  await page.until("agent: Good to hear.");
  const prompt = JSON.stringify(all.llm.calls.at(-1));
  assert.equal(prompt.split("The prompt of Mara").length, 2, "the briefing is there once, by the vendor");

  // One tool by the page, one by Anam's own webhook.
  await clock.advance(1_000);
  await page.session.respond(WISH);
  await page.until("agent: Done: noted.");
  await clock.advance(1_000);
  page.speak(ADDRESS);
  await page.until("agent: Done: Porto.");
  assert.deepEqual(all.addresses, [{ to: "Porto" }]);
  assert.deepEqual(
    simulator.toolCalls.map(({ body, status }) => [body, status]),
    [[{ to: "Porto" }, 200]],
  );
  const [{ headers } = { headers: {} }] = simulator.toolCalls;
  const { url } = (
    simulator.requests.find(({ request }) => request === "POST /v1/auth/session-token")!.body as {
      personaConfig: { tools: Array<{ name: string; url: string }> };
    }
  ).personaConfig.tools.find(({ name }) => name === "change_address")!;
  const forged = { ...headers, "x-astrocyte-tool-secret": "guess" };
  assert.equal((await fetch(url, { method: "POST", headers: forged, body: "{}" })).status, 401);

  const path = `/v1/sessions/${opened.session_id}`;
  await clock.advance(1_000);
  await call(`${path}/context`, { key: APP_KEY, body: { text: "The cart is empty." } });
  await call(`${path}/say`, { key: APP_KEY, body: { text: "One moment please." } });
  await page.until("agent: One moment please.");
  assert.deepEqual(simulator.sessionsOf(page.label)[0]!.context, [
    "remember: Remembered.",
    "The cart is empty.",
  ]);

  await endAndSettle(all, opened.session_id);
  assert.deepEqual(simulator.left(), NOTHING);
  await page.until("ended");
  const { json } = await call(`${path}/transcript`, { key: APP_KEY });
  const turns = json["turns"] as Array<{ role: string; text: string; channel: string }>;
  assert.deepEqual(
    turns.map(({ role, text, channel }) => [role, text, channel]),
    [
      ["agent", "Hello from Lisbon.", "pull"],
      ["user", SISTER, "pull"],
      ["agent", "Good to hear.", "pull"],
      ["user", WISH, "pull"],
      ["agent", "Done: noted.", "pull"],
      ["user", ADDRESS, "pull"],
      ["agent", "Done: Porto.", "pull"],
      ["agent", "One moment please.", "pull"],
    ],
  );
  const context = { principal: "service:app" };
  for (const [question, known] of [
    ["What is the sister called?", "Miriam"],
    ["Where does Anna sit?", "by the window"],
  ] as const) {
    const { hits } = await all.memory.recall(question, { bankId: "person:anna", context });
    assert.ok(
      hits.some((hit) => hit.text.includes(known)),
      known,
    );
  }

  // The session's key died with it, and so did what an old token could start.
  const { url: brain, headers: auth, body } = simulator.llmCalls[0]!;
  assert.equal(
    (await fetch(brain, { method: "POST", headers: auth, body: JSON.stringify(body) })).status,
    410,
  );
  await assert.rejects(page.anam.streamToVideoElement("avatar"), /400/);
});

test("the brain adds the briefing and runs the tools where Anam is told of neither", async () => {
  await using all = await world({ briefing: "brain", tools: "brain" });
  const opened = await openSession(all, { vendor: "anam" });
  const page = await joinAsPage(all, opened);
  await page.until("agent: Hello from Lisbon.");
  page.speak(ADDRESS);
  await page.until("agent: Done: Porto.");
  assert.deepEqual([all.addresses, all.simulator.toolCalls], [[{ to: "Porto" }], []]);
  assert.equal(JSON.stringify(all.llm.calls.at(-1)).split("The prompt of Mara").length, 2);
  assert.ok(!JSON.stringify(all.simulator.requests).includes("The prompt of Mara"));
});

test("a page that lost its connection comes back into another session of Anam's, and all of it is one call", async () => {
  await using all = await world();
  const { simulator, clock } = all;
  const opened = await openSession(all, { vendor: "anam" });
  const page = await joinAsPage(all, opened);
  await page.until("agent: Hello from Lisbon.");
  await clock.advance(1_000);
  page.speak(SISTER);
  await page.until("agent: Good to hear.");
  page.anam.breakOff();
  await page.until("reconnecting");
  while (simulator.sessionsOf(page.label).length < 2) {
    await clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (page.session.state !== "joined") await new Promise((resolve) => setImmediate(resolve));
  assert.equal(simulator.left().sessions, 2, "Anam has not noticed");
  page.speak("I am back.");
  await page.until("user: I am back.");
  await simulator.idle();
  await endAndSettle(all, opened.session_id);
  assert.deepEqual(simulator.left(), NOTHING);
  const turns = await all.composer.transcript(opened.session_id);
  const said = turns.filter(({ role }) => role === "user").map(({ text }) => text);
  assert.deepEqual(said, [SISTER, "I am back."]);
});

test("a call that Anam ends is ended here too, told by the page or found by the sweep", async () => {
  await using all = await world();
  const { simulator, clock } = all;
  for (const told of [true, false]) {
    const opened = await openSession(all, { vendor: "anam" });
    const page = await joinAsPage(all, opened);
    await page.until("agent: Hello from Lisbon.");
    await clock.advance(1_000);
    await until(all, opened.session_id, "live");
    if (!told) await page.anam.stopStreaming();
    simulator.end(simulator.sessionsOf(page.label)[0]!.id);
    if (told) await page.until("ended");
    else await all.composer.sweep();
    await until(all, opened.session_id, "ended");
    assert.equal((await all.composer.get(opened.session_id)).endReason, "ended_at_vendor");
    assert.deepEqual(simulator.left(), NOTHING);
  }
});

test("what a token starts after the call is over is swept, and nobody else's sessions are touched", async () => {
  const llm_id = "0934d97d-0c3a-4f33-91b0-5e136a0ef466";
  await using all = await world({ custom_llm: false, llm_id });
  const { simulator } = all;
  const opened = await openSession(all, { vendor: "anam" });
  await all.call(`/v1/sessions/${opened.session_id}/end`, { key: APP_KEY, body: {} });
  await until(all, opened.session_id, "ended");
  await new FakeAnamClient(opened.join.token!, opened.join.url).streamToVideoElement("avatar");
  const headers = { authorization: `Bearer ${ANAM_KEY}`, "content-type": "application/json" };
  const body = JSON.stringify({ clientLabel: "the customer's own", personaConfig: { llmId: llm_id } });
  const answer = await fetch(`${simulator.url}/v1/auth/session-token`, { method: "POST", headers, body });
  const { sessionToken } = (await answer.json()) as { sessionToken: string };
  await new FakeAnamClient(sessionToken, simulator.url).streamToVideoElement("avatar");
  assert.equal((await all.composer.sweep()).orphans, 1);
  assert.equal(simulator.left().sessions, 1);
});

test("a plan that is full refuses before the page comes, and nothing is left", async () => {
  await using all = await world();
  all.simulator.faults.concurrency = 0;
  const body = { persona: "support", subject: "user:anna", vendor: "anam", consent: "memory" };
  const { text } = await all.call("/v1/sessions", { key: APP_KEY, body });
  assert.match(text, /vendor_capacity/);
  assert.deepEqual(all.simulator.left(), NOTHING);
});

test("the example has two calls, and the second knows the first", async () => {
  const main = join(import.meta.dirname, "../../examples/anam/main.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [main]);
  assert.match(stdout, /^- My sister Miriam lives in Porto\.$/m);
  assert.match(stdout, /Where does my sister live\?\nTheo: .*My sister Miriam lives in Porto/);
  assert.match(stdout, /0 sessions, 0 models/);
  const room = await readFile(join(import.meta.dirname, "../../examples/anam/page.ts"), "utf8");
  const guide = await readFile(join(import.meta.dirname, "../../docs/vendors/anam.md"), "utf8");
  assert.ok(
    guide.includes(room.replace("../../src/client/index.ts", "astrocyte/client")),
    "the guide has this room",
  );
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join as joinPath } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createDIdSimulator } from "../../src/presentation/d-id/simulator.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../../src/testing/scripted-llm.ts";
import { APP_KEY, endAndSettle, makeGateway, type OpenedSession, openSession } from "../gateway.fixture.ts";

const D_ID_KEY = "d-id-account-key";
const EXPRESSIVE = { type: "expressive", presenter_id: "public_amber_casual@avt_PfMblk" };
const MEMORY = "Remember that my sister is called Miriam.";

/** D-ID and the gateway, over real HTTP and WebSockets. */
async function world(settings: Record<string, unknown> = {}, personas?: Record<string, unknown>) {
  const clock = new FakeClock();
  const simulator = await createDIdSimulator({ apiKey: D_ID_KEY, clock });
  const llm = createScriptedLLM({
    clock,
    reply(messages, { tools = [] }) {
      const last = messages.at(-1)!;
      const tool = tools.find(({ name }) => name === "remember");
      if (String(last.content).includes(MEMORY) && tool) {
        const args = JSON.stringify({ fact: "Anna's sister is called Miriam." });
        return { toolCalls: [{ id: "call_miriam", name: tool.name, arguments: args }] };
      }
      return "Good to hear.";
    },
  });
  const vendor = { api_key: D_ID_KEY, base_url: simulator.url, presenter: EXPRESSIVE, ...settings };
  const changes = { presentation: { "d-id": vendor }, ...(personas && { personas }) };
  const gateway = await makeGateway(changes, { clock, llm });
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

/** What a page does: joins, relays what the room tells, runs tools by asking the server. */
async function joinAsPage({ call }: World, opened: OpenedSession & { join: { data?: unknown } }) {
  const { session_id: id, session_token: key, join } = opened;
  const room = new FakeLiveKitRoom();
  const reports: Promise<unknown>[] = [];
  const heard: Array<{ topic: string; body: Record<string, unknown> }> = [];
  const report = (event: object) =>
    reports.push(call(`/v1/sessions/${id}/client-events`, { key, body: { events: [event] } }));
  room.on("dataReceived", (bytes: Uint8Array, _from: unknown, _kind: unknown, topic: string) => {
    const body = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    heard.push({ topic, body });
    room.emit("heard");
    if (topic !== "chat/partial") report({ topic, payload: body });
  });
  for (const name of (join.data as { tools: string[] }).tools) {
    room.registerRpcMethod(name, async ({ requestId, payload }) => {
      const body = { tool_call_id: requestId, name, arguments: payload };
      return (await call(`/v1/sessions/${id}/tools`, { key, body })).text;
    });
  }
  await room.connect(join.url, join.token!);
  report({ topic: "astrocyte.presence", payload: { what: "joined", at: "2026-01-15T12:00:00Z" } });
  return {
    room,
    heard,
    reported: () => Promise.all(reports),
    async until(topic: string, count = 1): Promise<void> {
      while (heard.filter((each) => each.topic === topic).length < count)
        await new Promise<void>((resolve) => void room.once("heard", resolve));
    },
  };
}

test("one call with D-ID, end to end: briefing, dialect, tool over RPC, transcript, memory, nothing left", async () => {
  await using all = await world({ tools: "room" });
  const { simulator, call, clock } = all;
  // Whether a custom model is told of tools is unconfirmed; here it is.
  simulator.faults.toolsToCustomLlm = true;
  const opened = await openSession(all, { vendor: "d-id" });
  assert.ok(!JSON.stringify(opened).includes(D_ID_KEY));
  const page = await joinAsPage(all, opened);
  await page.until("chat/partial");
  assert.equal(
    page.heard.find(({ topic }) => topic === "chat/partial")?.body["content"],
    "Hello from Lisbon.",
  );

  page.room.speak("I ran ten kilometres.");
  await page.until("chat/answer");
  assert.equal(page.heard.findLast(({ topic }) => topic === "chat/answer")?.body["content"], "Good to hear.");
  const [request] = simulator.llmRequests;
  assert.equal(request!.outcome, "answered");
  assert.match(request!.url, /\/brain\/v1\/dialects\/d-id$/);
  const model = all.llm.calls.at(-1)!;
  const prompt = JSON.stringify(model);
  assert.ok(prompt.includes("The prompt of Mara") && !prompt.includes("created_at"));

  await clock.advance(3_000);
  page.room.speak(MEMORY);
  await page.until("tool-call/done");
  await page.until("chat/answer", 2);
  await page.reported();
  await page.room.disconnect();
  await endAndSettle(all, opened.session_id);
  assert.deepEqual(simulator.left(), { sessions: 0, streams: 0, agents: 0, tools: 0 });

  const { json } = await call(`/v1/sessions/${opened.session_id}/transcript`, { key: APP_KEY });
  const turns = json["turns"] as Array<{ role: string; text: string; channel: string }>;
  assert.deepEqual(
    turns.filter(({ role }) => role === "user").map(({ text, channel }) => [text, channel]),
    [
      ["I ran ten kilometres.", "pull"],
      [MEMORY, "pull"],
    ],
  );
  const context = { principal: "service:app" };
  const found = await all.memory.recall("What is the sister called?", { bankId: "person:anna", context });
  assert.ok(found.hits.some(({ text }) => text.includes("Miriam")));
});

test("a session's end silences the agent: its key is told so in D-ID's form, and no word is kept without consent", async () => {
  await using all = await world();
  const opened = await openSession(all, { vendor: "d-id", consent: "none" });
  const page = await joinAsPage(all, opened);
  page.room.speak("My card is 4111.");
  await page.until("chat/answer");
  await page.reported();
  // The page stays in the room, which only it can leave.
  await endAndSettle(all, opened.session_id);
  page.room.speak("Are you still there?");
  await page.until("stream-video/error");
  assert.equal(all.simulator.llmRequests.at(-1)!.outcome, "failed");
  const { url, headers, body } = all.simulator.llmRequests[0]!;
  const again = await fetch(url, {
    method: "POST",
    headers: headers as Record<string, string>,
    body: JSON.stringify(body),
  });
  const { error } = (await again.json()) as { error: Record<string, unknown> };
  assert.deepEqual([again.status, error["code"], error["status"]], [410, "session_ended", 410]);
  const { json } = await all.call(`/v1/sessions/${opened.session_id}/transcript`, { key: APP_KEY });
  assert.deepEqual(json["turns"], []);
  await page.room.disconnect();
});

test("an answer in one piece is D-ID's, not OpenAI's", async () => {
  await using all = await world();
  await openSession(all, { vendor: "d-id" });
  const agent = all.simulator.requests.find(({ method, path }) => method === "POST" && path === "/agents")!;
  const { custom } = (agent.body as { llm: { custom: { url: string; key: string } } }).llm;
  const answer = await fetch(custom.url, {
    method: "POST",
    headers: { "x-api-key": custom.key, "content-type": "application/json" },
    body: JSON.stringify({
      messages: [{ role: "user", content: "I ran.", created_at: "2026-01-15T12:00:00Z" }],
      options: { description: "a page" },
      stream: false,
    }),
  });
  assert.deepEqual(await answer.json(), { content: "Good to hear." });
});

test("what the page shall send goes over a text stream, and what it types is answered", async () => {
  await using all = await world();
  const { call, simulator } = all;
  const opened = await openSession(all, { vendor: "d-id" });
  const page = await joinAsPage(all, opened);
  const key = opened.session_token;
  const { json } = await call(`/v1/sessions/${opened.session_id}/respond`, {
    key,
    body: { text: "I swam." },
  });
  const { topic, payload, as } = json["message"] as { topic: string; payload: string; as: string };
  assert.equal(as, "text");
  await page.room.localParticipant.sendText(payload, { topic });
  await page.until("chat/answer");
  assert.deepEqual(simulator.texts, [{ sessionId: simulator.open()[0], topic: "lk.chat", text: "I swam." }]);
  const refused = await call(`/v1/sessions/${opened.session_id}/context`, {
    key: APP_KEY,
    body: { text: "x" },
  });
  assert.equal(refused.status, 422);
  await page.room.disconnect();
});

test("a lost create is told, leaves no agent and no tool, and tells no key", async () => {
  await using all = await world();
  all.simulator.faults.loseAnswerOf = /\/sessions$/;
  const body = { persona: "support", subject: "user:anna", vendor: "d-id", consent: "memory" };
  const lost = await all.call("/v1/sessions", { key: APP_KEY, body });
  assert.equal(lost.status, 502);
  assert.ok(!lost.text.includes(D_ID_KEY));
  const { agents, tools, sessions } = all.simulator.left();
  assert.deepEqual([agents, tools, sessions], [0, 0, 1]);
  await all.clock.advance(all.simulator.timing.inactivityMs);
  assert.equal(all.simulator.left().sessions, 0, "nobody can join it, and D-ID ends it");
});

test("the brain runs the tools while our model answers, and D-ID hears of none", async () => {
  await using all = await world();
  const opened = await openSession(all, { vendor: "d-id" });
  const page = await joinAsPage(all, opened);
  page.room.speak(MEMORY);
  await page.until("chat/answer");
  assert.equal(page.heard.findLast(({ topic }) => topic === "chat/answer")?.body["content"], "Good to hear.");
  assert.ok(!page.heard.some(({ topic }) => topic.startsWith("tool-call")));
  assert.equal(all.simulator.left().tools, 0);
  const { json } = await all.call("/v1/recall", {
    key: APP_KEY,
    body: { query: "What is the sister called?", bank_id: "person:anna" },
  });
  assert.ok(JSON.stringify(json).includes("Anna's sister is called Miriam."));
  await page.room.disconnect();
  await endAndSettle(all, opened.session_id);
});

test("V1: the server speaks and closes the stream; D-ID hears of no tool, and without our brain a persona with tools is refused before anything is billed", async () => {
  const presenter = { type: "talk", source_url: "https://example.com/face.jpg" };
  const settings = { mode: "v1", presenter, allowed_domains: ["https://app.test"] };
  const persona = { name: "Mara", prompt: "You are Mara.", goodbye: "Goodbye, Anna." };
  const personas = { support: { ...persona, tools: ["recall"] } };
  {
    await using without = await world({ ...settings, custom_llm: false }, personas);
    const body = { persona: "support", subject: "user:anna", vendor: "d-id", consent: "memory" };
    assert.equal((await without.call("/v1/sessions", { key: APP_KEY, body })).status, 400);
    assert.equal(without.simulator.requests.length, 0);
  }
  await using all = await world(settings, personas);
  const { call, simulator } = all;

  const opened = await openSession(all, { vendor: "d-id" });
  const [id] = simulator.open();
  const path = `/v1/sessions/${opened.session_id}`;
  assert.equal((await call(`${path}/say`, { key: APP_KEY, body: { text: "One moment." } })).status, 202);
  assert.equal((await call(`${path}/respond`, { key: APP_KEY, body: { text: "I ran." } })).status, 202);
  await call(`${path}/end`, { key: APP_KEY, body: { reason: "drain" } });
  assert.deepEqual(simulator.stream(id!).spoken, ["One moment.", "Good to hear.", "Goodbye, Anna."]);
  await endAndSettle(all, opened.session_id);
  assert.deepEqual(simulator.left(), { sessions: 0, streams: 0, agents: 0, tools: 0 });
  const { json } = await call(`${path}/transcript`, { key: APP_KEY });
  assert.ok((json["turns"] as Array<{ text: string }>).some(({ text }) => text === "I ran."));
});

test("the example has two calls, and the second knows the first", async () => {
  const main = joinPath(import.meta.dirname, "../../examples/d-id/main.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [main]);
  assert.match(stdout, /^- My sister Miriam lives in Porto\.$/m);
  assert.match(stdout, /Where does my sister live\?\nTheo: .*My sister Miriam lives in Porto/);
  assert.match(stdout, /0 sessions, 0 agents, 0 tools/);
});

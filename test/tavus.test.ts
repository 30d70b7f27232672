import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type Session, type TranscriptLine } from "../src/client/index.ts";
import { createTavusSimulator } from "../src/presentation/tavus/simulator.ts";
import { FakeDailyCall } from "../src/presentation/tavus/simulator-daily.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";
import { APP_KEY, endAndSettle, makeGateway, openSession } from "./gateway.fixture.ts";

const TAVUS_KEY = "tavus-account-key";
const MEMORY = "Remember that my sister is called Miriam.";

/** Tavus, the gateway and a page, all over real HTTP and WebSockets. */
async function world() {
  const clock = new FakeClock();
  const simulator = await createTavusSimulator({ apiKey: TAVUS_KEY, clock });
  const llm = createScriptedLLM({
    clock,
    reply(messages, { tools = [] }) {
      const last = messages.at(-1)!;
      const tool = tools.find(({ name }) => name.startsWith("remember__"));
      if (String(last.content).includes(MEMORY) && tool) {
        const args = JSON.stringify({ fact: "Anna's sister is called Miriam." });
        return { toolCalls: [{ id: "call_miriam", name: tool.name, arguments: args }] };
      }
      return "Good to hear.";
    },
  });
  const presentation = { tavus: { api_key: TAVUS_KEY, base_url: simulator.url, face_id: "r90bbd427f71" } };
  const gateway = await makeGateway({ presentation }, { clock, llm });
  const daily = new FakeDailyCall();
  return {
    ...gateway,
    simulator,
    llm,
    daily,
    async [Symbol.asyncDispose]() {
      await gateway.destroy();
      await simulator.close();
    },
  };
}

function said(session: Session, fits: (line: TranscriptLine) => boolean): Promise<TranscriptLine> {
  return new Promise((resolve) => session.on("transcript", (line) => fits(line) && resolve(line)));
}

test("one call with Tavus, end to end: briefing, brain, tool, transcript, memory, nothing left", async () => {
  await using all = await world();
  const { simulator, daily, url, clock, call } = all;
  const opened = await openSession(all, { vendor: "tavus" });
  assert.ok(!JSON.stringify(opened).includes(TAVUS_KEY));
  const { session_id: sessionId, session_token: sessionToken, join } = opened;
  const after = (ms: number, run: () => void) => clock.after(ms, run);
  const session = await connect({ baseUrl: url, sessionId, sessionToken, join, daily, host: { after } });
  await clock.advance(0);

  daily.speak("I ran ten kilometres.");
  assert.equal(
    (await said(session, ({ role, text }) => role === "agent" && text === "Good to hear.")).final,
    true,
  );
  await simulator.idle();
  const answered = simulator.llmRequests.filter(({ outcome }) => outcome === "answered");
  assert.ok(answered.length > 0, JSON.stringify(simulator.llmRequests.map(({ outcome }) => outcome)));

  await clock.advance(3_000);
  daily.speak(MEMORY);
  await new Promise<void>((resolve) => session.on("tool", ({ status }) => status === "success" && resolve()));
  await call(`/v1/sessions/${sessionId}/context`, { key: APP_KEY, body: { text: "The cart is empty." } });
  while (!simulator.appMessages.some(({ event_type }) => event_type === "conversation.append_llm_context")) {
    await clock.advance(100);
  }
  await simulator.idle();
  await endAndSettle(all, sessionId);
  await simulator.idle();
  assert.deepEqual([simulator.left().conversations, simulator.left().pals, simulator.ownTools()], [0, 0, 0]);

  const { json } = await call(`/v1/sessions/${sessionId}/transcript`, { key: APP_KEY });
  const turns = (json["turns"] as Array<{ role: string; text: string }>).filter(
    ({ role }) => role === "user",
  );
  assert.deepEqual(
    turns.map(({ text }) => text),
    ["I ran ten kilometres.", MEMORY],
  );
  const found = await all.memory.recall("What is the name of the sister?", {
    bankId: "person:anna",
    context: { principal: "service:app" },
  });
  assert.ok(
    found.hits.some(({ text }) => text.includes("Miriam")),
    JSON.stringify(found.hits.map(({ text }) => text)),
  );
  await session.end().catch(() => {});
});

test("a browser that forges, a stranger's callback and a lost create leave nothing and learn nothing", async () => {
  await using all = await world();
  const { simulator, call } = all;
  simulator.faults.loseResponseOf = "/v2/conversations";
  const lost = await call("/v1/sessions", {
    key: APP_KEY,
    body: { persona: "support", subject: "user:anna", vendor: "tavus", consent: "memory" },
  });
  assert.equal(lost.status, 502);
  assert.ok(!lost.text.includes(TAVUS_KEY));
  assert.deepEqual([simulator.left().conversations, simulator.left().pals], [0, 0]);

  simulator.faults.loseResponseOf = undefined;
  const opened = await openSession(all, { vendor: "tavus" });
  const created = simulator.requests.findLast(
    ({ method, path }) => method === "POST" && path === "/v2/conversations",
  );
  const callback = new URL(String((created!.body as Record<string, unknown>)["callback_url"])).pathname;
  const event = { event_type: "system.shutdown", properties: {}, conversation_id: "c0ffee" };
  assert.equal((await call(callback, { body: event })).status, 401);
  assert.equal((await call(`${callback}x`, { body: event })).status, 401);
  const id = new URL(opened.join.url).pathname.slice(1);
  // The right conversation, but Tavus says it still runs: a hint is not believed.
  assert.ok((await call(callback, { body: { ...event, conversation_id: id } })).status < 300);
  await all.clock.advance(1_000);
  const { json } = await call(`/v1/sessions/${opened.session_id}`, { key: APP_KEY });
  assert.equal(json["state"], "open");
});

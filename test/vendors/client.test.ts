import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "@elevenlabs/client";
import { makeHost } from "../../src/client/gateway.fixture.ts";
import {
  type ConnectOptions,
  connect,
  type ElevenLabsOptions,
  type Session,
  type TranscriptLine,
} from "../../src/client/index.ts";
import { createDIdSimulator } from "../../src/presentation/d-id/simulator.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../../src/testing/scripted-llm.ts";
import { APP_KEY, endAndSettle, makeGateway, type OpenedSession, openSession } from "../gateway.fixture.ts";
import { world as elevenLabsWorld, MEMORY } from "./elevenlabs.fixture.ts";

/* The page's module with each kind of room that is a vendor's: gateway, simulator and page over real sockets. */

function page(baseUrl: string, opened: OpenedSession, means: Partial<ConnectOptions>): Promise<Session> {
  const { session_id: sessionId, session_token: sessionToken, join } = opened;
  return connect({ baseUrl, sessionId, sessionToken, join, host: makeHost().host, ...means });
}

/** Finds lines by their words, past or to come. */
function linesOf(session: Session): (words: string) => Promise<TranscriptLine> {
  const lines: TranscriptLine[] = [];
  const waiting = new Set<() => void>();
  session.on("transcript", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  return (words) =>
    new Promise((resolve) => {
      const look = () => {
        const found = lines.find(({ text }) => text === words);
        if (found) resolve(found);
      };
      waiting.add(look);
      look();
    });
}

function toolDone(session: Session): Promise<string> {
  return new Promise((resolve) =>
    session.on("tool", ({ name, status }) => status !== "running" && resolve(`${name} ${status}`)),
  );
}

test("a page talks with ElevenLabs by its own client: words, a tool, what is typed, the record", async () => {
  await using all = await elevenLabsWorld({ tools: ["remember"] });
  const opened = await openSession(all, { vendor: "elevenlabs" });
  // There is no microphone here: the same client, for text.
  const startSession = (options: ElevenLabsOptions) =>
    Conversation.startSession({ ...options, textOnly: true });
  const session = await page(all.url, opened, { conversation: { startSession } });
  const done = toolDone(session);
  const line = linesOf(session);
  await session.respond("I ran ten kilometres.");
  assert.equal((await line("Good to hear.")).role, "agent");
  await session.respond(MEMORY);
  assert.equal(await done, "remember success");
  await line("So it is done: Remembered.");
  await assert.rejects(session.interrupt(), { code: "not_supported" });
  await session.end("done");
  await endAndSettle(all, opened.session_id);
  assert.deepEqual(all.simulator.left(), { agents: 0, tools: 0, secrets: 0 });
  const { json } = await all.call(`/v1/sessions/${opened.session_id}/transcript`, { key: APP_KEY });
  assert.ok(JSON.stringify(json["turns"]).includes("I ran ten kilometres."));
});

test("a page talks with D-ID in its LiveKit room: words by the server, a tool by RPC, what is typed", async () => {
  const clock = new FakeClock();
  const simulator = await createDIdSimulator({ apiKey: "d-id-key", clock });
  const llm = createScriptedLLM({
    clock,
    reply(messages, { tools = [] }) {
      const asks = String(messages.at(-1)!.content).includes(MEMORY) && tools.length > 0;
      const args = JSON.stringify({ fact: "Anna's sister is called Miriam." });
      return asks ? { toolCalls: [{ id: "call_1", name: "remember", arguments: args }] } : "Good to hear.";
    },
  });
  const presenter = { type: "expressive", presenter_id: "public_amber_casual@avt_PfMblk" };
  const vendor = { api_key: "d-id-key", base_url: simulator.url, presenter, tools: "room" };
  const gateway = await makeGateway({ presentation: { "d-id": vendor } }, { clock, llm });
  try {
    simulator.faults.toolsToCustomLlm = true;
    const opened = await openSession(gateway, { vendor: "d-id" });
    const room = new FakeLiveKitRoom();
    const session = await page(gateway.url, opened, { room });
    const done = toolDone(session);
    const line = linesOf(session);
    room.speak("I ran ten kilometres.");
    assert.equal((await line("I ran ten kilometres.")).role, "user");
    await line("Good to hear.");
    await session.respond(MEMORY);
    assert.equal(await done, "remember success");
    await session.end("done");
    await endAndSettle(gateway, opened.session_id);
    assert.equal(room.state, "disconnected");
    assert.deepEqual(simulator.left(), { sessions: 0, streams: 0, agents: 0, tools: 0 });
  } finally {
    await gateway.destroy();
    await simulator.close();
  }
});

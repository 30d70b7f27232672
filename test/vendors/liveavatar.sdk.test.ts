import assert from "node:assert/strict";
import { mock, test } from "node:test";
import {
  AgentEventsEnum,
  AgentType,
  LiveAvatarSession,
  SessionDisconnectReason,
  SessionEvent,
  SessionMode,
  SessionState,
} from "@heygen/liveavatar-web-sdk";
import { commandMessage } from "../../src/presentation/liveavatar/commands.ts";
import { parseClientEvent } from "../../src/presentation/liveavatar/events.ts";
import { bindingFor, liveavatarHarness, PERSONA } from "../../src/presentation/liveavatar/harness.fixture.ts";
import type { LiveAvatarSwitches } from "../../src/presentation/liveavatar/simulator.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";
import { BRIEFING } from "../../src/testing/adapter/samples.ts";

/*
 * LiveAvatar's own web SDK against our simulator, as far as it goes without media: its calls, its reading of the
 * token, its commands and events. The room is ours, since the SDK's needs WebRTC.
 */
Object.assign(globalThis, { RTCPeerConnection: class {}, MediaStream: class {} });
// It tells every step to the console.
mock.method(console, "warn", () => {});
mock.method(console, "error", () => {});

type Inside = {
  room: FakeLiveKitRoom;
  connectionQualityIndicator: { start(): void; stop(): void };
  sessionClient: { stopSession(): Promise<unknown> };
};
type Packet = { topic: unknown; payload: Record<string, unknown> };

/** A session that the page is to start, and the SDK's object for it. */
async function world(switches: Partial<LiveAvatarSwitches> = {}) {
  const harness = await liveavatarHarness({ start: "page" }, { switches: { stopsAgain: 200, ...switches } });
  const { join, vendorSessionId } = await harness.alone.open(BRIEFING, PERSONA, bindingFor());
  const session = new LiveAvatarSession(join.token!, { apiUrl: join.url });
  const room = new FakeLiveKitRoom();
  const sent: Packet[] = [];
  const publish = room.localParticipant.publishData.bind(room.localParticipant);
  room.localParticipant.publishData = async (data, options) => {
    sent.push({ topic: options?.topic, payload: JSON.parse(new TextDecoder().decode(data)) });
    await publish(data, options);
  };
  const inside = session as unknown as Inside;
  Object.assign(inside, { room, connectionQualityIndicator: { start() {}, stop() {} } });
  // It stops the session at its end without waiting, or caring whether that went well.
  const stops: Promise<unknown>[] = [];
  const stop = inside.sessionClient.stopSession.bind(inside.sessionClient);
  inside.sessionClient.stopSession = async () => void stops.push(stop().catch(() => {}));
  const handle = { sessionId: "s", vendorSessionId, resources: [] };
  const next = (event: AgentEventsEnum) =>
    new Promise<Record<string, unknown>>((resolve) =>
      session.once(event, (told: unknown) => resolve(told as Record<string, unknown>)),
    );
  return {
    ...{ ...harness, session, handle, room, sent, next },
    async [Symbol.asyncDispose]() {
      await harness.alone.end(handle, "client");
      while (stops.length === 0) await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(stops);
      await harness.destroy();
    },
  };
}

test("the SDK reads our token, starts the session and finds its avatar", async () => {
  await using all = await world();
  const { session, simulator, handle } = all;
  assert.deepEqual([session.mode, session.agentType], [SessionMode.FULL, AgentType.FULL]);
  const greeted = all.next(AgentEventsEnum.AVATAR_TRANSCRIPTION);
  await session.start();
  assert.equal(session.state, SessionState.CONNECTED);
  assert.deepEqual([session.sessionId, session.maxSessionDuration], [handle.vendorSessionId, 600]);
  assert.equal((await greeted)["text"], BRIEFING.greeting);
  await session.keepAlive();
  const calls = () => simulator.requests.filter(({ auth }) => auth === "session").map(({ path }) => path);
  while (calls().length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(calls(), ["/v1/sessions/start", "/v1/sessions/keep-alive"]);
});

test("our commands are the SDK's own, packet for packet", async () => {
  await using all = await world();
  const { session, sent, handle } = all;
  await session.start();
  session.repeat("Good evening.");
  session.message("How are you?");
  session.interrupt();
  const ours = [
    commandMessage(handle, { kind: "say", text: "Good evening." }),
    commandMessage(handle, { kind: "respond", text: "How are you?" }),
    commandMessage(handle, { kind: "interrupt" }),
  ];
  const bare = ({ topic, payload }: Packet) => {
    const { event_id, ...rest } = payload;
    return { topic, ...rest, hasId: typeof event_id === "string" };
  };
  assert.deepEqual(
    sent.map(bare),
    ours.map((message) => bare(message as Packet)),
  );
});

test("what the SDK hears is what we read, and an end at the vendor is told once to each", async () => {
  await using all = await world();
  const { session, simulator, room, handle } = all;
  const read: unknown[] = [];
  room.on("dataReceived", (bytes: Uint8Array, _from: unknown, _kind: unknown, topic: string) => {
    const payload = JSON.parse(new TextDecoder().decode(bytes));
    read.push(...parseClientEvent({ topic, payload }, handle));
  });
  await session.start();
  const heard = all.next(AgentEventsEnum.USER_TRANSCRIPTION);
  room.speak("I ran.");
  const { text, event_id } = await heard;
  assert.deepEqual(
    read.find((event) => JSON.stringify(event).includes("I ran.")),
    { type: "turn", turn: { key: `user:event:${String(event_id)}`, role: "user", text } },
  );
  await simulator.idle();
  const over = new Promise((resolve) => session.once(SessionEvent.SESSION_DISCONNECTED, resolve));
  const stopped = all.next(AgentEventsEnum.SESSION_STOPPED);
  simulator.end(handle.vendorSessionId, "NO_CREDITS");
  assert.equal((await stopped)["stop_reason"], "NO_CREDITS");
  assert.equal(await over, SessionDisconnectReason.SERVER_INITIATED);
  assert.deepEqual(read.at(-1), { type: "ended", reason: "vendor_credits" });
});

test("a refusal inside a 200 is an error to the SDK too, and so is the code that reference pages print", async () => {
  for (const switches of [{ creditsLeft: 0 }, { successCode: 100 } as const]) {
    await using all = await world(switches);
    await assert.rejects(all.session.start(), { errorCode: 500 });
    assert.equal(all.session.state, SessionState.DISCONNECTED);
    await all.alone.end(all.handle, "client");
    assert.equal(all.simulator.left().sessions, 0);
  }
});

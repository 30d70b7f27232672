import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { type AnamClient, AnamEvent, createClient } from "@anam-ai/js-sdk";
import { WebSocket } from "ws";
import { anamRoom } from "../../examples/anam/page.ts";
import type { TransportListener } from "../../src/client/index.ts";
import {
  clientInstruction,
  parseClientEvent,
  toolResultInstruction,
} from "../../src/presentation/anam/events.ts";
import { anamHarness } from "../../src/presentation/anam/harness.fixture.ts";
import { FakeAnamClient } from "../../src/presentation/anam/simulator-page.ts";
import { BRIEFING, bindingFor } from "../../src/testing/adapter/samples.ts";

/*
 * Anam's own SDK against our simulator, as far as it goes without media: its reading of the token, its start of the
 * session, signalling, data channel, commands, tools, messages. WebRTC is a WebSocket of the simulator's.
 */

let engine = "";
let session = "";
/** What goes out on the data channel, as it goes. */
let sent: Array<Record<string, unknown>> = [];

class DataChannel {
  readyState = "connecting";
  onopen = () => {};
  onclose = () => {};
  onmessage = (_event: { data: string }) => {};
  readonly #socket = new WebSocket(`${engine}/data?session_id=${session}`);

  constructor() {
    this.#socket.on("open", () => {
      this.readyState = "open";
      this.onopen();
    });
    this.#socket.on("message", (data) => this.onmessage({ data: String(data) }));
    this.#socket.on("close", () => this.onclose());
  }

  send(text: string) {
    const message = JSON.parse(text);
    if (message.message_type !== "remote_rtp_stats") sent.push(message);
    this.#socket.send(text);
  }

  close() {
    this.#socket.close();
  }
}

class PeerConnection {
  signalingState = "stable";
  connectionState = "new";
  iceConnectionState = "new";
  localDescription: object | null = null;
  #channel: DataChannel | undefined;
  addEventListener() {}
  addTransceiver() {}
  createDataChannel() {
    this.#channel = new DataChannel();
    return this.#channel;
  }
  createOffer = async () => ({ type: "offer", sdp: "" });
  async setLocalDescription(offer: object) {
    Object.assign(this, { localDescription: offer, signalingState: "have-local-offer" });
  }
  async setRemoteDescription() {
    this.signalingState = "stable";
  }
  getSenders = () => [];
  getStats = async () => new Map();
  close() {
    this.connectionState = "closed";
    this.#channel?.close();
  }
}

const document = { getElementById: () => ({}) };
Object.assign(globalThis, { RTCPeerConnection: PeerConnection, document });
// It tells much to the console.
for (const name of ["warn", "error", "log"] as const) mock.method(console, name, () => {});

/** A session that the page is to start, and the SDK's client for it. */
async function world() {
  const harness = await anamHarness({ custom_llm: false });
  const { simulator, alone, persona } = harness;
  const binding = bindingFor("anam");
  const { join, vendorSessionId } = await alone.open(BRIEFING, persona, binding);
  engine = simulator.url.replace("http", "ws");
  sent = [];
  const api = { baseUrl: join.url };
  const client = createClient(join.token!, {
    api,
    disableInputAudio: true,
    metrics: { disableClientMetrics: true },
  });
  const events: string[] = [];
  const reports: Array<Record<string, unknown>> = [];
  const waiting = new Set<() => void>();
  const tell = (event: string) => {
    events.push(event);
    for (const look of waiting) look();
  };
  const listener: TransportListener = {
    transcript: ({ role, text }) => tell(`${role}: ${text}`),
    toolCall: ({ name, arguments: args, toolCallId }) => tell(`tool ${name} ${args} ${toolCallId}`),
    report: (message) => void reports.push(message),
    ended: (reason) => tell(`ended ${reason}`),
    lost: () => tell("lost"),
    left: () => tell("left"),
    error: ({ code }) => tell(`error ${code}`),
  };
  const fetched = globalThis.fetch;
  // Between the start of the session and its data channel: only here the id is known.
  const spy = mock.method(globalThis, "fetch", async (...request: Parameters<typeof fetch>) => {
    const answer = await fetched(...request);
    if (!String(request[0]).endsWith("/v1/engine/session")) return answer;
    session = ((await answer.clone().json()) as { sessionId?: string }).sessionId ?? "";
    return answer;
  });
  return {
    ...{ ...harness, client, events, reports, listener },
    room: anamRoom(client, join as Parameters<typeof anamRoom>[1], "avatar"),
    handle: { sessionId: binding.sessionId, vendorSessionId, resources: [] },
    until: (wanted: RegExp) =>
      new Promise<string>((resolve) => {
        const look = () => {
          const found = events.find((event) => wanted.test(event));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      await client.stopStreaming();
      spy.mock.restore();
      await harness.destroy();
    },
  };
}

test("the SDK takes our token, starts the session that carries our label, and its words are what we read", async () => {
  await using all = await world();
  const { simulator, room, listener, handle } = all;
  await room.join(listener);
  assert.equal(all.client.getActiveSessionId(), session);
  assert.deepEqual(
    simulator.sessionsOf(handle.vendorSessionId).map(({ id }) => id),
    [session],
  );
  await all.until(new RegExp(`agent: ${BRIEFING.greeting}`));
  simulator.say(session, "I ran.");
  await all.until(/agent: That is good to hear\./);
  const turns = all.reports.flatMap((report) => parseClientEvent(report));
  assert.deepEqual(
    turns.map((event) => event.type === "turn" && [event.turn.role, event.turn.text]),
    [
      ["agent", BRIEFING.greeting],
      ["user", "I ran."],
      ["agent", "That is good to hear."],
    ],
  );
});

test("a tool's result is the handler's value to the SDK, and an error its failure", async () => {
  await using all = await world();
  const { simulator, room, listener, handle } = all;
  await room.join(listener);
  const channel = simulator.sessionsOf(handle.vendorSessionId)[0]!.sockets.data!;
  for (const [id, isError] of [
    ["call_1", false],
    ["call_2", true],
  ] as const) {
    const facts = {
      tool_name: "look_up",
      tool_type: "client",
      arguments: { what: "tea" },
      user_action_correlation_id: id,
    };
    const data = { ...facts, session_id: session, tool_call_id: id, timestamp: "2026-11-25T09:00:00Z" };
    channel.send(JSON.stringify({ messageType: "toolCallStarted", data }));
    assert.equal(await all.until(new RegExp(id)), `tool look_up {"what":"tea"} ${id}`);
    const answered = new Promise((resolve) => channel.once("message", resolve));
    const outcome = { toolCallId: id, name: "look_up", status: isError ? "error" : "success" } as const;
    await room.send(toolResultInstruction(handle, { ...outcome, output: "Green tea.", result: "speak" }));
    await answered;
  }
  assert.deepEqual(
    sent.map(({ message_type, tool_call_id, result, error }) => [
      message_type,
      tool_call_id,
      result ?? error,
    ]),
    [
      ["tool_result", "call_1", "Green tea."],
      ["tool_result", "call_2", "Error in handler: Green tea."],
    ],
  );
});

test("our commands are methods of the SDK's, and reach the engine as the simulated client's do", async () => {
  await using all = await world();
  const { simulator, room, listener, handle } = all;
  await room.join(listener);
  const order = (command: Parameters<typeof clientInstruction>[1]) =>
    room.send(clientInstruction(handle, command));
  await order({ kind: "say", text: "Good evening." });
  await all.until(/agent: Good evening\./);
  await order({ kind: "append_context", text: "The cart is empty." });
  await order({ kind: "interrupt" });
  await order({ kind: "respond", text: "How are you?" });
  await all.until(/user: How are you\?/);
  assert.deepEqual(
    sent.map(({ timestamp: _timestamp, ...message }) => message),
    [
      { message_type: "context", content: "The cart is empty.", session_id: session },
      { message_type: "interrupt", session_id: session },
      { message_type: "speech", content: "How are you?", session_id: session },
    ],
  );
  const { messages, context } = simulator.sessionsOf(handle.vendorSessionId)[0]!;
  assert.deepEqual(context, ["The cart is empty."]);
  assert.equal(messages.find(({ message }) => message === "Good evening.")?.wasInterrupted, true);
});

test("an end at Anam is the room's end; the person's own is not", async () => {
  await using all = await world();
  await all.room.join(all.listener);
  all.simulator.end(session);
  assert.equal(await all.until(/ended/), "ended room_closed");
  assert.deepEqual(all.reports.flatMap((report) => parseClientEvent(report)).at(-1), {
    ...{ type: "ended", reason: "ended_at_vendor" },
  });

  await using other = await world();
  await other.room.join(other.listener);
  await other.room.leave();
  assert.ok(!other.events.some((event) => /ended|lost/.test(event)));
});

test("a start that Anam refuses is told as such", async () => {
  const refusals = [
    { status: 429, body: { error: "Concurrent session limit reached", message: "m" } },
    { status: 429, body: { error: "Spend cap reached", message: "m" } },
    { status: 400, body: { message: "m" } },
  ];
  await using all = await world();
  for (const refusal of refusals) {
    all.simulator.faults.refuseStart = refusal;
    await assert.rejects(all.room.join(all.listener), { code: "join_failed" });
  }
  assert.equal(all.simulator.left().sessions, 0);
});

test("the simulated client has the SDK's methods and events", () => {
  const methods = Object.getOwnPropertyNames(FakeAnamClient.prototype).filter(
    (name) => !["constructor", "breakOff"].includes(name),
  );
  const real = Object.getPrototypeOf(createClient(TOKEN)) as AnamClient;
  for (const name of methods) assert.equal(typeof real[name as "talk"], "function", name);
  for (const name of ["DATA_CHANNEL_OPEN", "MESSAGE_HISTORY_UPDATED", "CONNECTION_CLOSED"] as const)
    assert.equal(AnamEvent[name], name);
});

const TOKEN = `e30.${Buffer.from(JSON.stringify({ type: "ephemeral" })).toString("base64url")}.s`;

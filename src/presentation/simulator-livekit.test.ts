import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { createLiveKitSimulator, DISCONNECT, MAX_PACKET_BYTES } from "./simulator-livekit.ts";
import { MAX_RPC_BYTES, type PeerListener, SimulatedRpcError } from "./simulator-livekit-peer.ts";
import { FakeLiveKitRoom } from "./simulator-livekit-room.ts";
import { startSimulatorServer } from "./simulator-server.ts";

async function world(listener: PeerListener = {}) {
  const clock = new FakeClock();
  const livekit = createLiveKitSimulator({ clock });
  const { url, close } = await startSimulatorServer(() => ({ status: 404 }), livekit.upgrade);
  const presence: string[] = [];
  const room = livekit.createRoom("r1", {
    presence: (identity, present) => presence.push(`${present ? "+" : "-"}${identity}`),
  });
  const agent = room.join("agent", listener);
  return {
    clock,
    url,
    room,
    agent,
    presence,
    async person(identity = "anna") {
      const person = new FakeLiveKitRoom();
      await person.connect(url, room.token(identity));
      return person;
    },
    async [Symbol.asyncDispose]() {
      livekit.close();
      await close();
    },
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("packets go both ways, by topic, and to those they name", async () => {
  const heard = Promise.withResolvers<{ from: string; topic: string; payload: Uint8Array }>();
  await using there = await world({ data: heard.resolve });
  const anna = await there.person();
  assert.deepEqual([...anna.remoteParticipants.keys()], ["agent"]);
  await anna.localParticipant.publishData(bytes("hello"), { reliable: true, topic: "t" });
  const packet = await heard.promise;
  assert.deepEqual(
    [packet.from, packet.topic, Buffer.from(packet.payload).toString()],
    ["anna", "t", "hello"],
  );

  const came = once(anna, "dataReceived");
  there.agent.publishJson("u", { other: true }, ["somebody else"]);
  there.agent.publishJson("u", { mine: true }, ["anna"]);
  const [payload, participant, , topic] = await came;
  assert.equal(new TextDecoder().decode(payload), '{"mine":true}');
  assert.deepEqual([participant, topic], [{ identity: "agent" }, "u"]);
});

test("a packet above LiveKit's limit gets lost, the next arrives", async () => {
  const heard = Promise.withResolvers<number>();
  await using there = await world({ data: ({ payload }) => heard.resolve(payload.byteLength) });
  const anna = await there.person();
  await anna.localParticipant.publishData(new Uint8Array(MAX_PACKET_BYTES + 1));
  await anna.localParticipant.publishData(new Uint8Array(MAX_PACKET_BYTES));
  assert.equal(await heard.promise, MAX_PACKET_BYTES);
});

test("text streams of any length arrive whole at the handler of their topic", async () => {
  const heard = Promise.withResolvers<{ topic: string; text: string }>();
  await using there = await world({ text: heard.resolve });
  const anna = await there.person();
  const long = "ä".repeat(50_000);
  const { topic } = await anna.localParticipant.sendText(long, { topic: "lk.chat" });
  assert.equal(topic, "lk.chat");
  assert.equal((await heard.promise).text, long);

  const answer = Promise.withResolvers<string>();
  anna.registerTextStreamHandler("back", async (reader, { identity }) => {
    answer.resolve(`${identity}: ${await reader.readAll()}`);
  });
  there.agent.sendText("good evening", { topic: "back" });
  assert.equal(await answer.promise, "agent: good evening");
});

test("RPC answers, fails with LiveKit's codes, and times out on the clock", async () => {
  await using there = await world();
  const anna = await there.person();
  const code = (value: number) => (error: unknown) =>
    error instanceof SimulatedRpcError && error.code === value;
  anna.registerRpcMethod("echo", async ({ callerIdentity, payload }) => `${callerIdentity} ${payload}`);
  anna.registerRpcMethod("own", async () => {
    throw new SimulatedRpcError(7, "no seats", "{}");
  });
  anna.registerRpcMethod("broken", async () => {
    throw new Error("a secret of the page");
  });
  anna.registerRpcMethod("long", async () => "x".repeat(MAX_RPC_BYTES + 1));
  anna.registerRpcMethod("never", () => new Promise<string>(() => {}));
  assert.throws(() => anna.registerRpcMethod("echo", async () => ""), /already registered/);

  assert.equal(await there.agent.performRpc("anna", "echo", "hi"), "agent hi");
  await assert.rejects(there.agent.performRpc("anna", "own", ""), code(7));
  await assert.rejects(there.agent.performRpc("anna", "broken", ""), (error: Error) => {
    return code(1500)(error) && !error.message.includes("secret");
  });
  await assert.rejects(there.agent.performRpc("anna", "unknown", ""), code(1400));
  await assert.rejects(there.agent.performRpc("nobody", "echo", ""), code(1401));
  await assert.rejects(there.agent.performRpc("anna", "echo", "x".repeat(MAX_RPC_BYTES + 1)), code(1402));
  await assert.rejects(there.agent.performRpc("anna", "long", ""), code(1504));
  const late = assert.rejects(there.agent.performRpc("anna", "never", "", 10_000), code(1502));
  await there.clock.advance(10_000);
  await late;
  const cut = assert.rejects(there.agent.performRpc("anna", "never", ""), code(1503));
  anna.drop();
  await cut;
});

test("who may come in, who is there, and how it ends", async () => {
  await using there = await world();
  const forged = there.room.token("anna").replace(/\.[^.]*$/, ".forged");
  await assert.rejects(new FakeLiveKitRoom().connect(there.url, forged));
  const old = there.room.token("anna", { ttlMs: 1_000 });
  await there.clock.advance(1_000);
  await assert.rejects(new FakeLiveKitRoom().connect(there.url, old));

  const anna = await there.person();
  const [ben] = await Promise.all([there.person("ben"), once(anna, "participantConnected")]);
  const seen = once(anna, "participantDisconnected");
  await ben.disconnect();
  assert.deepEqual(await seen, [{ identity: "ben" }]);

  const replaced = once(anna, "disconnected");
  const again = await there.person();
  assert.deepEqual(await replaced, [DISCONNECT.duplicate]);
  const over = once(again, "disconnected");
  there.room.close();
  assert.deepEqual(await over, [DISCONNECT.deleted]);
  assert.equal(again.state, "disconnected");
  await assert.rejects(there.person());
  assert.deepEqual(there.presence, ["+agent", "+anna", "+ben", "-ben", "-anna", "+anna", "-agent", "-anna"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createLiveKitSimulator } from "../presentation/simulator-livekit.ts";
import type { PeerListener } from "../presentation/simulator-livekit-peer.ts";
import { FakeLiveKitRoom } from "../presentation/simulator-livekit-room.ts";
import { startSimulatorServer } from "../presentation/simulator-server.ts";
import { connect } from "./connect.ts";
import { makeGateway, makeHost, next } from "./gateway.fixture.ts";
import type { ConnectOptions } from "./types.ts";

type Row = Record<string, unknown>;
const SESSION = "ses_page";

/** A page in a LiveKit room with a vendor's agent, and a gateway of its own. */
async function call(options: Partial<ConnectOptions> = {}) {
  const heard: Array<{ topic: string; as: string; body: string }> = [];
  const waiting = new Set<() => void>();
  const hear = (as: string, topic: string, body: string) => {
    heard.push({ topic, as, body });
    for (const look of waiting) look();
  };
  const listener: PeerListener = {
    data: ({ topic, payload }) => hear("data", topic, new TextDecoder().decode(payload)),
    text: ({ topic, text }) => hear("text", topic, text),
  };
  const livekit = createLiveKitSimulator();
  const server = await startSimulatorServer(() => ({ status: 404 }), livekit.upgrade);
  const vendorRoom = livekit.createRoom("r1");
  const agent = vendorRoom.join("agent", listener);
  const gateway = await makeGateway(SESSION);
  const { host, page } = makeHost();
  const room = new FakeLiveKitRoom();
  const settings: ConnectOptions = {
    baseUrl: gateway.url,
    sessionId: SESSION,
    sessionToken: "the-session-token",
    join: { kind: "livekit", url: server.url, token: vendorRoom.token("anna"), data: { tools: ["look_up"] } },
    room,
    host,
    ...options,
  };
  const session = await connect(settings);
  return {
    ...{ livekit, vendorRoom, agent, gateway, page, room, settings, session },
    /** The first `count` messages that the agent got. */
    async heard(count: number) {
      while (heard.length < count) await new Promise<void>((resolve) => waiting.add(resolve));
      return heard.slice(0, count);
    },
    async [Symbol.asyncDispose]() {
      await session.end().catch(() => {});
      livekit.close();
      await server.close();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

test("what the vendor sends is reported as it came; what is no JSON is not", async () => {
  await using there = await call();
  there.agent.publishData(new Uint8Array([255, 0, 1]), { topic: "audio" });
  there.agent.publishJson("astrocyte.presence", { what: "left" });
  there.agent.publishJson("chat/answer", { content: "Hello there." });
  there.agent.publishData(new TextEncoder().encode('{"event_type":"avatar.speak_ended"}'));
  const [reported] = await there.gateway.seen("/client-events");
  const events = () => there.gateway.reported();
  for (let posts = 1; events().length < 3; posts++) await there.gateway.seen("/client-events", posts);
  assert.equal(reported!.authorization, "Bearer the-session-token");
  const [came, ...messages] = events();
  assert.deepEqual([came!["topic"], (came!["payload"] as Row)["what"]], ["astrocyte.presence", "joined"]);
  assert.deepEqual(messages, [
    { topic: "chat/answer", payload: { content: "Hello there." } },
    { topic: "", payload: { event_type: "avatar.speak_ended" } },
  ]);
  await there.session.end();
  const last = events().at(-1)!;
  assert.deepEqual([last["topic"], (last["payload"] as Row)["what"]], ["astrocyte.presence", "left"]);
});

test("what the server wants said goes as a packet or as a text stream, in order", async () => {
  await using there = await call();
  const say = { topic: "agent-control", payload: { event_type: "avatar.speak_text", text: "Well done." } };
  there.gateway.emit("client_instruction", { message: say });
  there.gateway.emit("client_instruction", { message: { topic: "lk.chat", payload: "Hi.", as: "text" } });
  there.gateway.commands.answer = { via: "client", message: { topic: "stop", payload: "", as: "text" } };
  assert.deepEqual(await there.heard(2), [
    { topic: "agent-control", as: "data", body: JSON.stringify(say.payload) },
    { topic: "lk.chat", as: "text", body: "Hi." },
  ]);
  await there.session.interrupt();
  assert.deepEqual((await there.heard(3))[2], { topic: "stop", as: "text", body: "" });
  there.gateway.emit("client_instruction", { message: { event_type: "another vendor's" } });
  assert.equal((await next(there.session, "error")).code, "not_supported");
});

test("a tool is an RPC: its answer is JSON, also when it failed or cannot be reached", async () => {
  await using there = await call();
  const tools: string[] = [];
  there.session.on("tool", ({ name, status }) => tools.push(`${name} ${status}`));
  const ask = () => there.agent.performRpc("anna", "look_up", '{"what":"it"}');
  assert.equal(await ask(), '{"result":"forty-two"}');
  const [asked] = await there.gateway.seen("/tools");
  assert.deepEqual([asked!.body["name"], asked!.body["arguments"]], ["look_up", '{"what":"it"}']);
  there.gateway.tool.answer = { status: "success", output: '{"answer":42}', message: { topic: "unused" } };
  assert.equal(await ask(), '{"answer":42}');
  there.gateway.tool.answer = { status: "error", output: "[tools] look_up failed." };
  assert.equal(await ask(), '{"error":"[tools] look_up failed."}');
  there.gateway.faults.status = 410;
  assert.equal(await ask(), '{"error":"The tool could not be reached."}');
  const status = ["running", "success", "running", "success", "running", "error", "running", "error"];
  assert.deepEqual(
    tools,
    status.map((each) => `look_up ${each}`),
  );
  await assert.rejects(there.agent.performRpc("anna", "another", "{}"), { code: 1400 });
});

test("lines come from the server's transcript, each once, one request at a time", async () => {
  await using there = await call();
  await there.gateway.seen("/transcript");
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  there.gateway.held.transcript = promise;
  const lines: string[] = [];
  there.session.on("transcript", ({ id }) => lines.push(id));
  const last = next(there.session, "transcript", ({ id }) => id === "t19");
  for (let count = 0; count < 20; count++) there.gateway.say(`t${count}`, "user", `Sentence ${count}.`);
  there.gateway.emit("client_instruction", { message: { topic: "after all of them", payload: "" } });
  await there.heard(1);
  answer();
  await last;
  const requests = there.gateway.requests.filter(({ path }) => path === "/transcript");
  assert.ok(requests.length <= 3, `${requests.length}: from the start, held, and once more for the rest`);
  assert.equal(lines.length, 20);
  there.gateway.say("t20", "agent", "A long answer.");
  await next(there.session, "transcript", ({ id }) => id === "t20");
  there.gateway.say("t20", "agent", "A long answer.", { heard: "A long", interrupted: true });
  there.gateway.say("t21", "tool", "No line is made of it.");
  const cut = await next(there.session, "transcript", ({ interrupted }) => interrupted === true);
  assert.deepEqual([cut.id, cut.heard, cut.final], ["t20", "A long", true]);
  assert.ok(!lines.includes("t21"));
  // The page is loaded anew: it is told what was said before it came.
  const again = await connect({ ...there.settings, room: new FakeLiveKitRoom() });
  assert.equal((await next(again, "transcript")).id, "t0");
});

test("a lost room is joined again while the session runs; its tools with it", async () => {
  await using there = await call();
  const states: string[] = [];
  there.session.on("state", ({ state, reason }) => states.push(reason ? `${state} ${reason}` : state));
  there.room.drop();
  await next(there.session, "state", ({ state }) => state === "joined" && states.includes("reconnecting"));
  assert.equal(await there.agent.performRpc("anna", "look_up", "{}"), '{"result":"forty-two"}');
  there.gateway.faults.state = "ended";
  there.room.drop();
  await next(there.session, "state", ({ state }) => state === "ended");
  assert.deepEqual(states, ["joined", "reconnecting", "joined", "reconnecting", "ended ended"]);
});

test("what the server wants said while the room is away is said when it is back", async () => {
  const waits: Array<() => void> = [];
  const { host } = makeHost({
    after(ms, run) {
      // The first wait before the room is tried again.
      if (ms === 500) waits.push(run);
      const timer = setTimeout(ms === 500 ? () => {} : run, 0);
      return () => clearTimeout(timer);
    },
  });
  await using there = await call({ host });
  await there.gateway.seen("/events");
  there.room.drop();
  assert.equal(there.session.state, "reconnecting");
  for (const payload of ["one", "two"])
    there.gateway.emit("client_instruction", { message: { topic: "t", payload } });
  there.gateway.say("t1", "user", "Said after these.");
  await next(there.session, "transcript");
  for (const run of waits) run();
  assert.deepEqual(
    (await there.heard(2)).map(({ body }) => body),
    ["one", "two"],
  );
});

test("a session that ends while its room is entered again leaves nobody in it", async () => {
  const entering = Promise.withResolvers<void>();
  const { promise: over, resolve: goOn } = Promise.withResolvers<void>();
  class SlowRoom extends FakeLiveKitRoom {
    times = 0;
    override async connect(url: string, token: string) {
      if (++this.times === 2) {
        entering.resolve();
        await over;
      }
      await super.connect(url, token);
    }
  }
  const room = new SlowRoom();
  await using there = await call({ room });
  room.drop();
  await entering.promise;
  await there.session.end();
  const inside = new Promise((resolve) => room.once("connected", resolve));
  const gone = new Promise((resolve) => room.once("disconnected", resolve));
  goOn();
  await Promise.all([inside, gone]);
  assert.deepEqual([room.state, there.session.state], ["disconnected", "ended"]);
});

test("a room that the vendor closed is not entered again, and one that the page left ends the session", async () => {
  await using closed = await call();
  closed.vendorRoom.close();
  const { reason } = await next(closed.session, "state", ({ state }) => state === "ended");
  assert.equal(reason, "room_closed");
  await using left = await call();
  await left.room.disconnect();
  assert.deepEqual((await left.gateway.seen("/end"))[0]!.body, { reason: "left_room" });
});

test("whoever joins in another window takes the room with them, and the session goes on", async () => {
  await using there = await call();
  const host = makeHost().host;
  const other = await connect({ ...there.settings, room: new FakeLiveKitRoom(), host });
  const { reason } = await next(there.session, "state", ({ state }) => state === "ended");
  assert.equal(reason, "joined_elsewhere");
  await there.session.end();
  await there.gateway.seen("/client-events", 2);
  assert.equal(await there.agent.performRpc("anna", "look_up", "{}"), '{"result":"forty-two"}');
  assert.equal(other.state, "joined");
  const told = there.gateway.reported().map((event) => (event["payload"] as Row)["what"]);
  assert.deepEqual(told, ["joined", "joined"], "nobody left");
  assert.ok(!there.gateway.requests.some(({ path }) => path === "/end"));
});

test("who is not let in is told so, and no tool of theirs stays registered", async () => {
  await using there = await call();
  const room = new FakeLiveKitRoom();
  const join = {
    ...there.settings.join,
    token: there.vendorRoom.token("anna").replace(/\.[^.]*$/, ".forged"),
  };
  await assert.rejects(connect({ ...there.settings, room, join }), { code: "join_failed" });
  room.registerRpcMethod("look_up", async () => "free again");
});

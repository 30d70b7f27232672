import assert from "node:assert/strict";
import { test } from "node:test";
import { tavusHarness } from "../presentation/tavus/harness.fixture.ts";
import { FakeDailyCall } from "../presentation/tavus/simulator-daily.ts";
import { bindingFor } from "../testing/adapter/samples.ts";
import { connect } from "./connect.ts";
import { makeGateway, makeHost, next } from "./gateway.fixture.ts";
import type { ConnectOptions } from "./types.ts";

type Row = Record<string, unknown>;
const SESSION = "ses_page";

/** A page in the simulator's room, with a gateway of its own. */
async function call(options: Partial<ConnectOptions> = {}) {
  const vendor = await tavusHarness();
  const opened = await vendor.adapter.open({ text: "You are a coach." }, vendor.persona, bindingFor("tavus"));
  const gateway = await makeGateway(SESSION);
  const daily = new FakeDailyCall();
  const { host, page } = makeHost();
  const { kind, url, token } = opened.join;
  const settings: ConnectOptions = {
    baseUrl: gateway.url,
    sessionId: SESSION,
    sessionToken: "the-session-token",
    join: { kind, url, ...(token !== undefined && { token }) },
    daily,
    host,
    ...options,
  };
  const id = opened.vendorSessionId;
  const control = (event_type: string, properties: Row = {}) => ({
    event_type,
    conversation_id: id,
    properties,
  });
  return {
    ...vendor,
    id,
    gateway,
    daily,
    page,
    settings,
    control,
    session: await connect(settings),
    async [Symbol.asyncDispose]() {
      await daily.leave();
      await vendor.destroy();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

test("what is said is told once, to the page and to the server, although it is sent under two names", async () => {
  await using room = await call();
  const lines: Array<[string, string, string | undefined]> = [];
  room.session.on("transcript", ({ role, text, heard }) => lines.push([role, text, heard]));
  room.daily.speak("Hello there.");
  await next(room.session, "transcript", ({ role }) => role === "user");
  room.gateway.emit("client_instruction", {
    message: room.control("conversation.echo", { modality: "text", text: "Anna, well done.", done: true }),
  });
  await next(
    room.session,
    "transcript",
    ({ role, heard }) => role === "agent" && heard === "Anna, well done.",
  );
  assert.deepEqual(lines, [
    ["user", "Hello there.", undefined],
    ["agent", "Anna, well done.", undefined],
    ["agent", "Anna, well done.", "Anna,"],
    ["agent", "Anna, well done.", "Anna, well"],
    ["agent", "Anna, well done.", "Anna, well done."],
  ]);
  await room.session.end();
  const reported = room.gateway.reported();
  const types = reported
    .map((event) => event["event_type"] ?? event["topic"])
    .filter((type) => type !== "system.replica_joined");
  assert.deepEqual(types.toSorted(), [
    "astrocyte.presence",
    "astrocyte.presence",
    "conversation.utterance",
    "conversation.utterance",
  ]);
  const events = reported.flatMap((message) =>
    room.adapter.parseClientEvent!(message, { sessionId: SESSION, vendorSessionId: room.id, resources: [] }),
  );
  const turns = events.flatMap((event) => (event.type === "turn" ? [event.turn.text] : []));
  assert.deepEqual(turns, ["Hello there.", "Anna, well done."]);
  assert.ok(events.some((event) => event.type === "joined" && event.who === "person"));
  for (const { authorization } of room.gateway.requests)
    assert.equal(authorization, "Bearer the-session-token");
});

test("a tool call goes to the server once and its result to the room, also over a broken connection", async () => {
  await using room = await call();
  const tools: string[] = [];
  room.session.on("tool", ({ name, status }) => tools.push(`${name} ${status}`));
  const properties = { tool_call_id: "call_7", output: "forty-two", status: "success" };
  const answer = { message_type: "conversation", ...room.control("conversation.tool_result", properties) };
  room.gateway.tool.answer["message"] = answer;
  room.gateway.faults.dropNext = 2;
  const message = { ...room.control("conversation.tool_call", TOOL), seq: 900 };
  deliver(room.daily, message);
  deliver(room.daily, { ...message, seq: 901 });
  await next(room.session, "tool", ({ status }) => status === "success");
  assert.deepEqual(tools, ["look_up running", "look_up success"]);
  const asked = (await room.gateway.seen("/tools", 1)).map(({ body }) => body);
  const expected = { tool_call_id: "call_7", name: "look_up", arguments: '{"what":"it"}' };
  assert.ok(asked.length >= 1 && asked.every((body) => JSON.stringify(body) === JSON.stringify(expected)));
  await sent(room.simulator.appMessages, 1);
  assert.deepEqual(room.simulator.appMessages, [answer]);
});

test("a tool that cannot be reached is told to the page: only the server has Tavus's words for it", async () => {
  await using room = await call();
  room.gateway.faults.status = 410;
  deliver(room.daily, room.control("conversation.tool_call", TOOL));
  const { status } = await next(room.session, "tool", (event) => event.status !== "running");
  const { code } = await next(room.session, "error");
  assert.deepEqual([status, code, room.simulator.appMessages], ["error", "tool_unanswered", []]);
});

test("what the server wants said is sent once, over cut streams and reloads", async () => {
  await using room = await call();
  const context = (text: string) => ({
    message: room.control("conversation.append_llm_context", { context: text }),
  });
  room.gateway.emit("client_instruction", context("one"));
  await sent(room.simulator.appMessages, 1);
  room.gateway.cutStreams();
  room.gateway.emit("client_instruction", context("two"));
  await sent(room.simulator.appMessages, 2);
  const asked = await room.gateway.seen("/events", 2);
  assert.deepEqual(asked.map(({ lastEventId }) => lastEventId).slice(0, 2), [undefined, "1"]);
  // The page is loaded anew: same storage, nothing again.
  const again = await connect({ ...room.settings, daily: new FakeDailyCall() });
  room.gateway.emit("client_instruction", context("three"));
  await sent(room.simulator.appMessages, 4);
  const said = room.simulator.appMessages.map(({ properties }) => (properties as Row)["context"]);
  assert.deepEqual(said, ["one", "two", "three", "three"], "three once for each page");
  await again.end();
});

test("an instruction that the room cannot carry is an error of the page, and the next one goes through", async () => {
  await using room = await call();
  room.gateway.emit("client_instruction", {
    message: room.control("conversation.echo", { text: "x".repeat(5_000) }),
  });
  room.gateway.emit("client_instruction", { message: "not an object" });
  room.gateway.emit("client_instruction", { message: room.control("conversation.interrupt") });
  const { code } = await next(room.session, "error");
  assert.equal(code, "message_too_large");
  await sent(room.simulator.appMessages, 1);
});

test("a page that goes away ends the session and leaves nothing untold", async () => {
  await using room = await call();
  room.daily.speak("One more thing.");
  await next(room.session, "transcript");
  room.page.dispatchEvent(new Event("pagehide"));
  const [end] = await room.gateway.seen("/end");
  assert.deepEqual(end!.body, { reason: "page_closed" });
  assert.equal(room.session.state, "ended");
  await room.gateway.seen("/client-events");
  assert.ok(room.gateway.reported().some((event) => event["event_type"] === "conversation.utterance"));
});

test("a page may stay out of it: hidden, it reports and the session goes on", async () => {
  await using room = await call({ endOnPageHide: false });
  room.page.dispatchEvent(new Event("pagehide"));
  await room.gateway.seen("/client-events");
  assert.equal(room.session.state, "joined");
  await room.session.end("done");
  assert.deepEqual(
    (await room.gateway.seen("/end")).map(({ body }) => body),
    [{ reason: "done" }],
  );
});

test("a lost room is joined again while the session runs, and not after its end", async () => {
  await using room = await call();
  const states: string[] = [];
  room.session.on("state", ({ state, reason }) => states.push(reason ? `${state} ${reason}` : state));
  room.daily.drop();
  await next(room.session, "state", ({ state }) => state === "joined" && states.includes("reconnecting"));
  room.gateway.faults.state = "ended";
  room.daily.drop();
  await next(room.session, "state", ({ state }) => state === "ended");
  assert.deepEqual(states, ["joined", "reconnecting", "joined", "reconnecting", "ended ended"]);
});

test("the person leaves by Daily's own button: the session is over", async () => {
  await using room = await call();
  await room.daily.leave();
  assert.deepEqual((await room.gateway.seen("/end"))[0]!.body, { reason: "left_room" });
  assert.equal(room.session.state, "ended");
});

test("the vendor's end, or the server's, ends the page's session", async () => {
  await using first = await call();
  first.simulator.end(first.id, "max_call_duration reached");
  const { reason } = await next(first.session, "state", ({ state }) => state === "ended");
  assert.match(reason!, /max_call_duration/);
  await using second = await call();
  second.gateway.emit("ending", { reason: "daily_limit" });
  assert.equal((await next(second.session, "state", ({ state }) => state === "ended")).reason, "daily_limit");
});

test("what others in the room send is not the avatar's, and another conversation's is nothing", async () => {
  await using room = await call();
  const tools: string[] = [];
  room.session.on("tool", ({ toolCallId }) => tools.push(toolCallId));
  Object.assign(room.daily, {
    participants: () => ({
      me: { local: true },
      a: { user_id: "tavus-replica-1" },
      b: { user_id: "mallory" },
    }),
  });
  deliver(room.daily, room.control("conversation.tool_call", { ...TOOL, tool_call_id: "forged" }), "b");
  deliver(room.daily, { ...room.control("conversation.tool_call", TOOL), conversation_id: "c0ffee" }, "a");
  deliver(room.daily, room.control("conversation.tool_call", { ...TOOL, tool_call_id: "real" }), "a");
  await room.gateway.seen("/tools");
  assert.deepEqual([...new Set(tools)], ["real"]);
});

test("typing and interrupting go to the room in the server's words", async () => {
  await using room = await call();
  const typed = room.control("conversation.respond", { text: "I typed this." });
  room.gateway.commands.answer = { via: "client", message: typed };
  await room.session.respond("I typed this.");
  const stop = room.control("conversation.interrupt");
  room.gateway.commands.answer = { via: "client", message: stop };
  await room.session.interrupt();
  await sent(room.simulator.appMessages, 2);
  assert.deepEqual(room.simulator.appMessages, [typed, stop]);
  assert.deepEqual((await room.gateway.seen("/respond"))[0]!.body, { text: "I typed this." });
  Object.assign(room.gateway.faults, { status: 422, code: "not_supported" });
  await assert.rejects(room.session.interrupt(), { code: "not_supported" });
});

test("without what the room needs, or in an unknown room, the page is told what to do", async () => {
  const base = { baseUrl: "", sessionId: SESSION, sessionToken: "t" };
  const join = { kind: "daily", url: "https://tavus.daily.co/c1" };
  await assert.rejects(connect({ ...base, join }), { code: "daily_missing", message: /@daily-co\/daily-js/ });
  const kinds: Array<[kind: string, code: string, advice: RegExp]> = [
    ["livekit", "livekit_missing", /livekit-client and pass `room: new Room\(\)`/],
    ["elevenlabs", "elevenlabs_missing", /@elevenlabs\/client and pass `conversation: Conversation`/],
    ["telephone", "nothing_to_join", /\(tel:\+351210000000\): show the number/],
    ["liveavatar", "unknown_room", /Pass a transport/],
  ];
  for (const [kind, code, message] of kinds) {
    const url = kind === "telephone" ? "tel:+351210000000" : join.url;
    await assert.rejects(connect({ ...base, join: { kind, url } }), { code, message });
  }
  await using room = await call();
  const shut = {
    ...room.settings,
    daily: new FakeDailyCall(),
    join: { ...room.settings.join, token: "wrong" },
  };
  await assert.rejects(connect(shut), { code: "join_failed" });
});

const TOOL = { name: "look_up__0123456789", arguments: '{"what":"it"}', tool_call_id: "call_7" };

/** As Daily hands over an app message. */
function deliver(daily: FakeDailyCall, data: Row, fromId = "tavus-replica"): void {
  daily.receive({ data, fromId });
}

async function sent(messages: Row[], count: number): Promise<void> {
  while (messages.length < count) await new Promise((resolve) => setImmediate(resolve));
}

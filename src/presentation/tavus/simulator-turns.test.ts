import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { VendorPersona } from "../adapter.ts";
import { PERSONA, tavusHarness } from "./harness.fixture.ts";
import { example, type Row } from "./shape.fixture.ts";
import { parseTavusToolRequest } from "./webhook.ts";

type Seen = { path: string; headers: IncomingMessage["headers"]; text: string };

/** Our side as the avatar sees it: a model that answers from a script, and an address for tools. */
async function ourSide(script: (messages: Row[], seen: Seen) => Row | string, tools: number[] = []) {
  const seen: Seen[] = [];
  const server = createServer(async (req, res) => {
    let text = "";
    for await (const chunk of req) text += chunk;
    const call = { path: req.url ?? "", headers: req.headers, text };
    seen.push(call);
    if (call.path.startsWith("/tools"))
      return void res.writeHead(tools.shift() ?? 200).end('{"status":"moved"}');
    answer(res, script((JSON.parse(text) as { messages: Row[] }).messages, call));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(res: ServerResponse, delta: Row | string): void {
  res.writeHead(200, { "content-type": "text/event-stream" });
  const deltas = typeof delta === "string" ? delta.split(/(?<= )/).map((content) => ({ content })) : [delta];
  for (const each of deltas) res.write(`data: ${JSON.stringify({ choices: [{ delta: each }] })}\n\n`);
  res.end("data: [DONE]\n\n");
}

async function call(
  us: { url: string },
  options: Parameters<typeof tavusHarness>[1] = {},
  change: Partial<VendorPersona> = {},
) {
  const harness = await tavusHarness({}, options);
  const bound = bindingFor("tavus");
  const brain = { ...bound.brain, baseUrl: `${us.url}/v1` };
  const binding = { ...bound, brain, tools: { ...bound.tools, url: `${us.url}/tools/ses` } };
  const opened = await harness.adapter.open({ text: BRIEFING.text }, { ...PERSONA, ...change }, binding);
  const person = await harness.simulator.room(opened.vendorSessionId).join({ token: opened.join.token });
  return { ...harness, binding, opened: { ...opened, sessionId: binding.sessionId }, person };
}

const isReply = (message: Row) =>
  message["event_type"] === "conversation.utterance" && roleOf(message) === "replica";
const roleOf = (message: Row) => (message["properties"] as Row | undefined)?.["role"];
const speechOf = (message: Row) => (message["properties"] as Row)["speech"];

test("the avatar asks our model with the session's key and speaks the answer, guesses are thrown away", async () => {
  await using us = await ourSide(() => "Hello Anna, how was the run?");
  await using room = await call(us);
  room.simulator.faults.speculativeRequests = 3;
  room.person.say("Hi, it is me.");
  assert.equal(speechOf(await room.person.next(isReply)), "Hello Anna, how was the run?");
  await room.simulator.idle();
  const requests = room.simulator.llmRequests;
  assert.equal(requests.length, 4);
  for (const { url, headers } of requests) {
    assert.equal(url, `${us.url}/v1/chat/completions`);
    assert.equal(headers["authorization"], `Bearer ${room.binding.brain.apiKey}`);
  }
  const { messages, stream, model } = requests[3]!.body as {
    messages: Row[];
    stream: boolean;
    model: string;
  };
  assert.deepEqual([stream, model, requests[3]!.outcome], [true, "astrocyte", "answered"]);
  assert.match(
    String(messages[0]!["content"]),
    /^You are a coach\. Anna runs on Tuesdays\.\n\nYou are in a live video/,
  );
  assert.match(String(messages[1]!["content"]), /<user_appearance>/);
  assert.match(String(messages.at(-1)!["content"]), /^<user_audio_analysis>.*\nHi, it is me\.$/);
  assert.ok(requests.slice(0, 3).every(({ outcome }) => outcome !== "failed" && outcome !== "running"));
});

test("the person cuts in: the transcript of the room says how far the avatar came", async () => {
  const clock = new FakeClock();
  await using us = await ourSide((messages) =>
    messages.at(-1)!["role"] === "user" ? "One two three four five." : "",
  );
  await using room = await call(us, { clock, timing: { wordMs: 300 } });
  room.person.say("Count.");
  await room.person.next(isReply);
  await clock.advance(600);
  room.person.send({
    ...example("app_messages_to_tavus", "conversation.interrupt"),
    conversation_id: room.opened.vendorSessionId,
  });
  const cut = await room.person.next(
    (message) => (message["properties"] as Row | undefined)?.["is_interrupted"] === true,
  );
  assert.equal(speechOf(cut), "One two");
  const events = room.person.messages.flatMap((message) =>
    room.adapter.parseClientEvent!(message, room.opened),
  );
  const last = events.findLast((event) => event.type === "turn");
  assert.ok(last?.type === "turn");
  assert.deepEqual(
    [last.turn.text, last.turn.heard, last.turn.interrupted],
    ["One two three four five.", "One two", true],
  );
});

test("a tool call goes to the room, its result to the model, and the answer is spoken", async () => {
  await using us = await ourSide((messages) =>
    messages.at(-1)!["role"] === "tool"
      ? `It is ${messages.at(-1)!["content"]}.`
      : callOf("look_up", messages),
  );
  await using room = await call(us);
  const names = toolNames(room.simulator);
  script.names = names;
  room.person.say("What is it?");
  const asked = await room.person.next("conversation.tool_call");
  const [event] = room.adapter.parseClientEvent!(asked, room.opened);
  assert.ok(event?.type === "tool_call" && event.name === "look_up");
  const { toolCallId } = event;
  const result = {
    toolCallId,
    name: "look_up",
    status: "success",
    output: "forty-two",
    result: "speak",
  } as const;
  room.person.send(room.adapter.toolResultInstruction!(room.opened, result));
  assert.equal(speechOf(await room.person.next(isReply)), "It is forty-two.");
  room.person.send(room.adapter.toolResultInstruction!(room.opened, { ...result, output: "again" }));
  await room.simulator.idle();
  assert.equal(room.simulator.llmRequests.filter(({ outcome }) => outcome === "answered").length >= 2, true);
});

test("a tool of our API is called signed, again after a 5xx, and its result stays silent", async () => {
  await using us = await ourSide((messages) => callOf("change_address", messages), [503]);
  await using room = await call(us);
  script.names = toolNames(room.simulator);
  room.simulator.faults.speculativeRequests = 0;
  room.person.say("I moved.");
  await room.person.next("conversation.utterance");
  await room.simulator.idle();
  assert.deepEqual(
    room.simulator.toolDeliveries.map(({ status }) => status),
    [503, 200],
  );
  const delivered = us.seen.filter(({ path }) => path.startsWith("/tools"));
  for (const { text, headers } of delivered) {
    const request = {
      body: new TextEncoder().encode(text),
      headers: headers as Record<string, string>,
      url: "https://app.test/callback",
      query: {},
      session: room.opened,
    };
    const read = parseTavusToolRequest(request, room.binding.tools.secret);
    assert.deepEqual([read.name, read.arguments], ["change_address", "{}"]);
  }
  assert.equal(us.seen.length, 3, "no further question to the model");
});

test("what is longer than the room carries gets lost, either way", async () => {
  await using us = await ourSide(() => "x".repeat(5_000));
  await using room = await call(us);
  const { vendorSessionId } = room.opened;
  const message = example("app_messages_to_tavus", "conversation.append_llm_context");
  room.person.send({
    ...message,
    conversation_id: vendorSessionId,
    properties: { context: "y".repeat(5_000) },
  });
  room.person.send({ ...message, conversation_id: vendorSessionId, properties: { context: "Anna moved." } });
  room.person.say("Hi.");
  await room.person.next(
    (each) => each["event_type"] === "conversation.started_speaking" && roleOf(each) === "replica",
  );
  await room.simulator.idle();
  assert.equal(room.simulator.appMessages.length, 1);
  assert.equal(room.simulator.conversation(vendorSessionId).context, "Anna moved.");
  assert.ok(!room.person.messages.some((each) => isReply(each)));
});

/** The registry's names, known once the session is open. */
const script: { names: Map<string, string> } = { names: new Map() };

function callOf(name: string, messages: Row[]): Row {
  if (messages.at(-1)!["role"] !== "user") return { content: "" };
  return {
    tool_calls: [{ index: 0, id: "call_1", function: { name: script.names.get(name), arguments: "{}" } }],
  };
}

function toolNames(simulator: {
  requests: Array<{ method: string; path: string; body: unknown }>;
}): Map<string, string> {
  const made = simulator.requests.filter(({ method, path }) => method === "POST" && path === "/v2/tools");
  return new Map(
    made.map(({ body }) => [String((body as Row)["name"]).split("__")[0]!, String((body as Row)["name"])]),
  );
}

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { Row } from "../read.ts";
import contract from "./fixtures/contract.json" with { type: "json" };
import { AVATAR } from "./harness.fixture.ts";
import { createLiveAvatarSimulator, type LiveAvatarSwitches } from "./simulator.ts";

const MINUTE = 60_000;
const PERSONA_CONTEXT = { name: "mine", prompt: "You are a coach.", opening_text: "Hello Anna." };

async function world(switches: Partial<LiveAvatarSwitches> = {}) {
  const clock = new FakeClock();
  const simulator = await createLiveAvatarSimulator({ clock, switches });
  const call = async (method: string, path: string, { body, token, key }: Row = {}) => {
    const credential = token
      ? { authorization: `Bearer ${String(token)}` }
      : { "x-api-key": String(key ?? simulator.apiKey) };
    const answer = await fetch(simulator.url + path, {
      method,
      headers: { ...credential, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const row = (await answer.json()) as Row;
    return { status: answer.status, headers: answer.headers, row, data: (row["data"] ?? {}) as Row };
  };
  const open = async (body: Row = {}) => {
    const context = simulator.addContext(PERSONA_CONTEXT);
    const persona = { avatar_id: AVATAR, avatar_persona: { context_id: context }, ...body };
    const token = await call("POST", "/v1/sessions/token", { body: persona });
    const id = String(token.data["session_id"]);
    const sessionToken = String(token.data["session_token"]);
    const started = await call("POST", "/v1/sessions/start", { token: sessionToken });
    return { id, sessionToken, started, roomToken: String(started.data["livekit_client_token"]) };
  };
  return {
    ...{ clock, simulator, call, open },
    async [Symbol.asyncDispose]() {
      await simulator.close();
    },
  };
}

/** A custom model that keeps what it was asked. */
async function model(answer: string) {
  const asked: Array<{ url: string; authorization: string; body: Row }> = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    asked.push({ url: req.url ?? "", authorization: req.headers.authorization ?? "", body });
    const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.end(`${chunk(answer.slice(0, 3))}${chunk(answer.slice(3))}data: [DONE]\n\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function fieldsOf(row: Row, schema: keyof typeof contract.fields): string[] {
  return Object.keys(row).filter((field) => !contract.fields[schema].includes(field));
}

test("its answers have the contract's fields, codes and companions", async () => {
  await using all = await world();
  const { id, started } = await all.open({ is_sandbox: false });
  assert.deepEqual([started.status, started.row["code"], started.row["message"]], [201, 1000, null]);
  assert.deepEqual(fieldsOf(started.data, "StartedSession"), []);
  assert.ok(started.headers.has("x-ratelimit-reset"));
  const list = (await all.call("GET", "/v1/sessions?type=active")).data;
  assert.deepEqual(fieldsOf(list, "Page"), []);
  const [row] = list["results"] as Row[];
  assert.deepEqual(fieldsOf(row!, "SessionListItem"), []);
  assert.ok(!JSON.stringify(row).includes("name"), "a session shows no name of ours");
  const transcript = (await all.call("GET", `/v1/sessions/${id}/transcript`)).data;
  assert.deepEqual(fieldsOf(transcript, "Transcript"), []);
  const detail = (await all.call("GET", `/v1/contexts/${all.simulator.session(id).context?.id}`)).data;
  assert.deepEqual(fieldsOf(detail, "Context"), []);
  assert.equal((await all.call("DELETE", `/v1/sessions/${id}`)).status, 405);
  assert.equal((await all.call("GET", "/v1/sessions", { key: "wrong" })).status, 401);
  assert.equal((await all.call("POST", "/v1/llm_configurations", { body: {} })).status, 404);
  const swapped = await all.call("POST", "/v1/sessions/start");
  assert.equal(swapped.status, 401, "the account's key starts nothing");
});

test("it greets, hears, asks the custom model exactly as reported, and speaks the answer", async () => {
  await using all = await world();
  await using llm = await model("Well done.");
  const secret = { secret_name: "s", secret_value: "key of one session", secret_type: "OPENAI_API_KEY" };
  const { id: secret_id } = (await all.call("POST", "/v1/secrets", { body: secret })).data;
  const configuration = { display_name: "c", model_name: "astrocyte", secret_id, base_url: llm.url };
  const made = (await all.call("POST", "/v1/llm-configurations", { body: configuration })).data;
  const { id, roomToken } = await all.open({ llm_configuration_id: made["id"] });
  const person = await all.simulator.room(id).join(roomToken);
  assert.deepEqual(
    [...person.room.remoteParticipants.keys()].sort(),
    contract.participants.map((identity) => identity.replace("<session_id>", id)).sort(),
  );
  await person.next(
    ({ event_type, text }) => event_type === "avatar.transcription" && text === "Hello Anna.",
  );
  person.say("I ran ten kilometres.");
  await person.next(({ event_type, text }) => event_type === "avatar.transcription" && text === "Well done.");

  const [asked] = llm.asked;
  assert.equal(asked?.url, "/v1/chat/completions");
  assert.equal(asked?.authorization, "Bearer key of one session");
  assert.deepEqual(Object.keys(asked!.body).sort(), Object.keys(contract.custom_llm_request).sort());
  assert.deepEqual(asked?.body, {
    model: "astrocyte",
    stream: true,
    messages: [
      { role: "system", content: "You are a coach." },
      { role: "assistant", content: "Hello Anna." },
      { role: "user", content: "I ran ten kilometres." },
    ],
  });
  for (const event of person.events) {
    assert.ok(contract.events.includes(String(event["event_type"])), String(event["event_type"]));
    assert.ok(contract.event_base.every((field) => field in event));
  }
  await person.send({
    topic: "agent-control",
    payload: { event_type: "avatar.speak_text", text: "Verbatim." },
  });
  await person.next(({ event_type, text }) => event_type === "avatar.transcription" && text === "Verbatim.");
  assert.equal(llm.asked.length, 1);
  await person.send({ topic: "elsewhere", payload: { event_type: "avatar.speak_text", text: "Unheard." } });
  await person.send({
    topic: "agent-control",
    payload: { event_type: "avatar.speak_response", text: "And?" },
  });
  await person.next(({ event_type, text }) => event_type === "avatar.transcription" && text === "Well done.");
  await all.simulator.idle();
  assert.ok(!person.events.some(({ text }) => text === "Unheard."));
});

test("without a context it is silent, and nobody says why", async () => {
  await using all = await world();
  const { id, roomToken } = await all.open({ avatar_persona: {} });
  const person = await all.simulator.room(id).join(roomToken);
  person.say("Hello?");
  await person.next(({ event_type }) => event_type === "user.transcription");
  await all.simulator.idle();
  assert.deepEqual(
    person.events.filter(({ event_type }) => String(event_type).startsWith("avatar.")),
    [],
  );
});

test("an unknown configuration passes the token and fails the start", async () => {
  await using all = await world();
  const { started } = await all.open({ llm_configuration_id: AVATAR });
  assert.equal(started.status, 400);
  assert.match(String(started.row["message"]), /LLM configuration with id '.*' not found in your space/);
});

test("five minutes without activity end it, a sign of life or a word does not let them pass", async () => {
  await using all = await world();
  const { id, roomToken, sessionToken } = await all.open();
  const person = await all.simulator.room(id).join(roomToken);
  await all.clock.advance(4 * MINUTE);
  await all.call("POST", "/v1/sessions/keep-alive", { token: sessionToken });
  await all.clock.advance(4 * MINUTE);
  person.say("Still here.");
  await person.next(({ event_type }) => event_type === "user.transcription");
  await all.clock.advance(5 * MINUTE - 1);
  assert.equal(all.simulator.session(id).state, "active");
  await all.clock.advance(1);
  const stopped = await person.next(({ event_type }) => event_type === "session.stopped");
  assert.equal(stopped["stop_reason"], "IDLE_TIMEOUT");
  assert.equal(all.simulator.session(id).endReason, "IDLE_TIMEOUT");
  const late = await all.call("POST", "/v1/sessions/keep-alive", { body: { session_id: id } });
  assert.equal(late.status, 400);
});

test("a minute is taken at start and each minute after it, until there is none; the sandbox is free and short", async () => {
  await using all = await world({ creditsLeft: 4 });
  const { id } = await all.open();
  assert.equal(all.simulator.switches.creditsLeft, 2);
  await all.clock.advance(MINUTE);
  await all.clock.advance(MINUTE);
  assert.equal(all.simulator.session(id).endReason, "NO_CREDITS");
  const sandbox = await all.open({ is_sandbox: true });
  assert.equal(sandbox.started.status, 201);
  await all.clock.advance(MINUTE);
  assert.equal(all.simulator.session(sandbox.id).endReason, "MAX_DURATION_REACHED");
  assert.equal(all.simulator.left().sessions, 0);
});

test("push to talk hears nothing in between, and an interruption makes an answer stale", async () => {
  await using all = await world();
  const { id, roomToken } = await all.open({ interactivity_type: "PUSH_TO_TALK" });
  const person = await all.simulator.room(id).join(roomToken);
  const command = (event_type: string) => person.send({ topic: "agent-control", payload: { event_type } });
  person.say("Unheard.");
  await command("user.start_push_to_talk");
  await person.next(({ event_type }) => event_type === "user.push_to_talk_started");
  person.say("Heard.");
  await person.next(({ event_type }) => event_type === "user.transcription");
  assert.ok(!person.events.some(({ text }) => text === "Unheard."));

  all.simulator.switches.speakMs = 5_000;
  await command("avatar.interrupt");
  const ended = () => person.events.filter(({ event_type }) => event_type === "avatar.speak_ended").length;
  await person.send({
    topic: "agent-control",
    payload: { event_type: "avatar.speak_text", text: "A long one." },
  });
  await person.next(({ text }) => text === "A long one.");
  const before = ended();
  await command("avatar.interrupt");
  await command("user.stop_push_to_talk");
  await person.next(({ event_type }) => event_type === "user.push_to_talk_stopped");
  assert.equal(ended(), before + 1);
  await all.clock.advance(5_000);
  await all.simulator.idle();
  assert.equal(ended(), before + 1, "what was cut off does not end again");
});

test("events can be erased for good; a strange packet does no harm", async () => {
  await using all = await world();
  const { id, roomToken, sessionToken } = await all.open();
  const person = await all.simulator.room(id).join(roomToken);
  await person.next(({ event_type }) => event_type === "avatar.transcription");
  assert.equal((await all.call("DELETE", `/v1/sessions/${id}/events`)).status, 200);
  const { data } = await all.call("GET", `/v1/sessions/${id}/transcript`);
  assert.deepEqual(data["transcript_data"], []);
  await person.room.localParticipant.publishData(new TextEncoder().encode("no json"), {
    topic: "agent-control",
  });
  assert.equal((await all.call("POST", "/v1/sessions/stop", { token: sessionToken })).status, 200);
  assert.equal((await all.call("POST", "/v1/sessions/stop", { body: { session_id: id } })).status, 400);
});

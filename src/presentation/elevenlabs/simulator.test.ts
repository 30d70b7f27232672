import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv, type ValidateFunction } from "ajv";
import { WebSocket } from "ws";
import { FakeClock } from "../../testing/fake-clock.ts";
import { asRow, type Row } from "../read.ts";
import { makeCall, toolCall } from "./call.fixture.ts";
import schemas from "./fixtures/messages.schema.json" with { type: "json" };
import { elevenLabsHarness, sharedAgent, WEBHOOK_SECRET } from "./harness.fixture.ts";

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: "agent", definitions: schemas.definitions });
const validators = (names: string[]) =>
  names.map((name) => ajv.compile({ $ref: `agent#/definitions/${name}` }));
const [SERVER, CLIENT] = [validators(schemas.server), validators(schemas.client)];

/** What of these messages no schema of ElevenLabs's allows. */
function departures(messages: Row[], allowed: ValidateFunction[]): Row[] {
  return messages.filter((message) => !allowed.some((valid) => valid(message)));
}

const DAY_MS = 86_400_000;

test("every message of a call is one that ElevenLabs's schema allows, in both directions", async () => {
  const clock = new FakeClock();
  const replies = [
    toolCall("look_up", { what: "shoes" }),
    "There are seven pairs in the cupboard.",
    "Of course.",
  ];
  const options = { clock, timing: { perLetter: 40 }, answer: () => replies.shift() ?? "Yes." };
  await using call = await makeCall(options);
  call.simulator.faults.alignment = "given";
  call.simulator.faults.lateMessages = true;
  const result = {
    toolCallId: "call_look_up",
    name: "look_up",
    status: "success",
    output: "7",
    result: "speak",
  } as const;
  const ours: Row[] = [];
  const person = await call.simulator.join(call.opened.join.url, {
    async onTool() {
      const message = call.adapter.toolResultInstruction!(call.session, result);
      ours.push(message);
      return message;
    },
  });
  for (const command of [
    { kind: "append_context", text: "The cart is empty." },
    { kind: "respond", text: "How many shoes have I?" },
  ] as const) {
    const message = call.adapter.clientInstruction!(call.session, command);
    ours.push(message);
    person.send(message);
  }
  await person.next((message) => JSON.stringify(message).includes("seven pairs"));
  await clock.advance(500);
  person.say("Stop.");
  await person.next((message) => JSON.stringify(message).includes("Of course."));
  call.simulator.timing.llm = 1_000;
  call.model.fail({ kind: "stall" });
  person.say("And now?");
  await call.model.received(4);
  await clock.advance(1_000);
  assert.equal((await person.closed).code, 1002);
  const types = new Set(person.received.map(({ type }) => type));
  for (const wanted of [
    "audio",
    "ping",
    "interruption",
    "agent_response_correction",
    "agent_chat_response_part",
    "client_tool_call",
    "error",
  ])
    assert.ok(types.has(wanted), wanted);
  assert.deepEqual(departures(person.received, SERVER), []);
  assert.deepEqual(departures(ours, CLIENT), []);
  const told = call.model.requests[0]!.body["messages"] as Row[];
  assert.match(JSON.stringify(told), /The cart is empty/);
});

test("alignment may be missing, or null though the schema has none", async () => {
  await using call = await makeCall();
  call.simulator.faults.alignment = "null";
  const person = await call.join();
  const audio = await person.next(({ type }) => type === "audio");
  assert.equal(asRow(audio["audio_event"])["alignment"], null);
  assert.equal(departures([audio], SERVER).length, 1);
});

test("parts of a cut answer still come after the interruption, under its old id", async () => {
  const clock = new FakeClock();
  await using call = await makeCall({ clock, timing: { perLetter: 100 } });
  call.simulator.faults.lateMessages = true;
  const person = await call.join();
  person.say("Wait.");
  const cut = await person.next(({ type }) => type === "interruption");
  const after = person.received.slice(person.received.indexOf(cut));
  const late = after
    .filter(({ type }) => type === "audio")
    .map((each) => asRow(each["audio_event"])["event_id"]);
  assert.equal(late[0], asRow(cut["interruption_event"])["event_id"]);
});

test("an override that the agent does not allow, or a missing variable, costs the whole call", async () => {
  await using harness = await elevenLabsHarness();
  const { simulator } = harness;
  const agent = sharedAgent(simulator, { url: "http://127.0.0.1:9/v1", key: "k" });
  const way = `${simulator.url.replace("http", "ws")}/v1/convai/conversation?agent_id=${agent}`;
  const config = asRow(simulator.agent(agent).body["conversation_config"]);
  asRow(simulator.agent(agent).body["platform_settings"])["auth"] = { enable_auth: false };
  const errorOf = async (initiation: Row) => {
    const socket = new WebSocket(way, ["convai"]);
    const received: Row[] = [];
    socket.on("message", (data) => received.push(JSON.parse(String(data))));
    socket.on("open", () =>
      socket.send(JSON.stringify({ type: "conversation_initiation_client_data", ...initiation })),
    );
    const code = await new Promise((resolve) => socket.on("close", resolve));
    return [code, asRow(received.at(-1)?.["error_event"])["error_type"]];
  };
  const prompt = { conversation_config_override: { agent: { prompt: { prompt: "Obey me." } } } };
  assert.deepEqual(await errorOf(prompt), [1008, "override_error"]);
  asRow(config["agent"])["first_message"] = "Hello {{name}}.";
  assert.deepEqual(await errorOf({}), [1008, "missing_dynamic_variable"]);
  assert.deepEqual(await errorOf({ type: "user_message" }), [1008, "missing_fields"]);
});

test("words of a record or a memory that look like a variable break no call, and tell nothing", async () => {
  for (const strategy of ["agent_per_session", "shared_agent"] as const) {
    await using harness = await elevenLabsHarness({ strategy });
    const briefing = {
      text: "She said {{secret__key}} and {{{nobody}}}.",
      greeting: "Hello {{system__agent_id}}.",
    };
    const opened = await harness.adapter.open(
      briefing,
      harness.persona,
      harness.binding(async () => {}),
    );
    const person = await harness.simulator.join(opened.join.url, { initiation: opened.join.data });
    const said = await person.next(({ type }) => type === "agent_response");
    assert.equal(asRow(said["agent_response_event"])["agent_response"], "Hello { {system__agent_id}}.");
    await person.leave();
  }
});

test("a way in works once when it came with an id, again and again otherwise, and not for ever", async () => {
  const clock = new FakeClock();
  await using own = await elevenLabsHarness({}, { clock });
  await using shared = await elevenLabsHarness({ strategy: "shared_agent" }, { clock });
  const ways = async ({ adapter, persona, briefing, binding }: typeof own) => {
    const { join } = await adapter.open(
      briefing,
      persona,
      binding(async () => {}),
    );
    return { url: join.url, initiation: join.data };
  };
  const [first, once] = [await ways(own), await ways(shared)];
  await (await own.simulator.join(first.url)).leave();
  const again = await own.simulator.join(first.url);
  await assert.rejects(own.simulator.join(first.url), /line was cut/, "one at a time");
  await again.leave();
  await (await shared.simulator.join(once.url, once)).leave();
  await assert.rejects(shared.simulator.join(once.url, once), /line was cut/);
  const late = await ways(own);
  await clock.advance(15 * 60_000 + 1);
  await assert.rejects(own.simulator.join(late.url), /line was cut/);
});

test("nobody talks longer than the session may, or says nothing for long", async () => {
  const clock = new FakeClock();
  await using call = await makeCall({ clock });
  const person = await call.join();
  await clock.advance(119_000);
  person.send({ type: "user_activity" });
  await person.next(({ type }) => type === "agent_response");
  person.say("I am here.");
  await person.next(({ type }) => type === "user_transcript");
  await clock.advance(119_000);
  assert.equal(call.simulator.talking(), 1);
  await clock.advance(1_001);
  assert.deepEqual(await person.closed, { code: 1000, reason: "Silence timeout" });
});

test("with our brain gone no other model takes over, unless an agent of one's own allows it", async () => {
  await using call = await makeCall();
  call.model.fail({ kind: "status", status: 410 });
  const person = await call.join();
  person.say("Still there?");
  assert.equal((await person.closed).code, 1002);
  const agent = asRow(
    asRow(call.simulator.agent(call.session.vendorSessionId).body["conversation_config"])["agent"],
  );
  delete asRow(agent["prompt"])["backup_llm_config"];
  call.model.fail({ kind: "status", status: 410 });
  const other = await call.join();
  other.say("Still there?");
  await other.next((message) => JSON.stringify(message).includes("The backup model speaks."));
});

test("a webhook that fails for long is given up; doubled and in another order it says the same", async () => {
  const clock = new FakeClock();
  await using call = await makeCall({ clock });
  const { simulator } = call;
  simulator.setPostCall({ id: "wh_1", url: "http://127.0.0.1:9/nobody", secret: WEBHOOK_SECRET });
  const talk = async () => {
    await (await call.join()).leave();
    await simulator.idle();
  };
  for (let times = 0; times < 9; times++) await talk();
  await clock.advance(8 * DAY_MS);
  const { url } = (await call.adapter.open(call.briefing, call.persona, call.binding)).join;
  await (await simulator.join(url)).leave();
  await simulator.idle();
  assert.equal(simulator.isPostCallDisabled(), true);
  assert.equal(simulator.webhooks.length, 10);
  simulator.setPostCall({ id: "wh_1", url: "http://127.0.0.1:9/nobody", secret: WEBHOOK_SECRET });
  simulator.faults.webhooks.duplicate = true;
  await (await simulator.join(url)).leave();
  await simulator.idle();
  assert.equal(simulator.webhooks[10]!.body, simulator.webhooks[11]!.body);
});

test("what ElevenLabs refuses of agents and tools, the simulator does too", async () => {
  await using harness = await elevenLabsHarness();
  const { simulator } = harness;
  const agent = (config: Row) => () => simulator.makeAgent({ conversation_config: config });
  assert.throws(() => simulator.makeAgent({}), /field required/);
  assert.throws(agent({ agent: { llm: "custom-llm" } }), /belongs under prompt/);
  assert.throws(agent({ agent: { prompt: { llm: "custom-llm" } } }), /needs a url/);
  assert.throws(agent({ agent: { language: "de" } }), /v2_5/);
  assert.throws(agent({ agent: { prompt: { tool_ids: ["tool_x"] } } }), /unknown tool/);
  const tool = (config: Row) => () =>
    simulator.makeTool({ type: "client", name: "a", description: "b", ...config });
  assert.throws(tool({ name: "two words" }), /pattern/);
  assert.throws(tool({ response_timeout_secs: 121 }), /out of range/);
  assert.throws(
    tool({ parameters: { type: "object", properties: { a: { type: "string" } } } }),
    /needs one of/,
  );
  const used = tool({ parameters: { type: "object", properties: {} } })();
  agent({ agent: { prompt: { tool_ids: [used] } } })();
  const headers = { "xi-api-key": simulator.apiKey };
  const remove = () => fetch(`${simulator.url}/v1/convai/tools/${used}`, { method: "DELETE", headers });
  assert.equal((await remove()).status, 409);
  assert.equal((await fetch(`${simulator.url}/v1/convai/tools`)).status, 401);
});

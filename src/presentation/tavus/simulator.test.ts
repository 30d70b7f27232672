import assert from "node:assert/strict";
import { test } from "node:test";
import { bindingFor } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { tavusHarness } from "./harness.fixture.ts";
import { departures, example, type Row } from "./shape.fixture.ts";

/** One call with everything in it. */
async function busyCall() {
  const harness = await tavusHarness({ private_room: true });
  const { adapter, simulator, persona, briefing } = harness;
  const opened = await adapter.open(briefing, persona, bindingFor("tavus"));
  const person = await simulator.room(opened.vendorSessionId).join({ token: opened.join.token });
  person.say("Hello there.");
  await simulator.idle();
  person.send({
    ...example("app_messages_to_tavus", "conversation.echo.text"),
    conversation_id: opened.vendorSessionId,
  });
  await person.next(
    (message) => message["event_type"] === "conversation.stopped_speaking" && isAgent(message),
  );
  await adapter.end({ ...opened, sessionId: "ses_1" }, "test");
  await simulator.idle();
  return { ...harness, opened, person };
}

test("each app message of the simulator has the contract's shape", async () => {
  await using call = await busyCall();
  const { person } = call;
  const optional = ["timestamp", "user_audio_analysis", "user_visual_analysis", "is_interrupted", "turn_idx"];
  const seen = new Set<string>();
  for (const message of person.messages) {
    const name = fixtureOf(message);
    if (name === undefined) continue;
    seen.add(name);
    const expected = example("app_messages_from_tavus", name);
    assert.deepEqual(departures(message, expected, optional), [], name);
  }
  assert.deepEqual([...seen].sort(), [
    "conversation.replica.started_speaking",
    "conversation.replica.stopped_speaking",
    "conversation.started_speaking",
    "conversation.stopped_speaking",
    "conversation.user.started_speaking",
    "conversation.user.stopped_speaking",
    "conversation.utterance.replica",
    "conversation.utterance.streaming",
    "conversation.utterance.streaming.final_interrupted",
    "conversation.utterance.user",
  ]);
  const seqs = person.messages.map((message) => Number(message["seq"]));
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  );
});

test("each webhook has the contract's shape, and joining is told under both names", async () => {
  await using call = await busyCall();
  const { simulator } = call;
  const types = simulator.webhooks.map(({ event }) => String(event["event_type"]));
  assert.deepEqual(types.toSorted(), [
    "application.transcription_ready",
    "system.pal_joined",
    "system.replica_joined",
    "system.shutdown",
  ]);
  for (const { event } of simulator.webhooks) {
    const expected = example("webhooks", String(event["event_type"]));
    const optional = ["replica_id", "face_id", "inference_id", "duration"];
    assert.deepEqual(departures(event, expected, optional), [], String(event["event_type"]));
  }
});

test("each answer of the API has the contract's shape", async () => {
  await using harness = await tavusHarness();
  const { simulator } = harness;
  const call = async (method: string, path: string, body?: Row | Row[]) => {
    const headers = { "x-api-key": simulator.apiKey, "content-type": "application/json" };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(simulator.url + path, init);
    const text = await answer.text();
    return { status: answer.status, json: text === "" ? undefined : (JSON.parse(text) as Row) };
  };
  const held = (actual: unknown, name: string, optional: string[] = []) =>
    assert.deepEqual(departures(actual, example("rest", name), optional), [], name);

  const pal = (await call("POST", "/v2/pals", example("rest", "create_pal.request"))).json!;
  held(pal, "create_pal.response");
  const request = { ...example("rest", "create_conversation.request.current_names"), pal_id: pal["pal_id"] };
  const made = (await call("POST", "/v2/conversations", request)).json!;
  held(made, "create_conversation.response.200.require_auth");
  const id = String(made["conversation_id"]);
  const ids = ["replica_id", "persona_id", "face_id", "pal_id"];
  held((await call("GET", `/v2/conversations/${id}`)).json, "get_conversation.response.200", ids);
  held((await call("GET", "/v2/conversations?status=active")).json, "list_conversations.response.200", ids);
  const tool = (await call("POST", "/v2/tools", example("rest", "create_tool.request.app_message"))).json!;
  held(tool, "create_tool.response");
  assert.equal(
    (await call("POST", "/v2/tools", example("rest", "create_tool.request.app_message"))).status,
    409,
  );
  assert.equal(
    (await call("POST", "/v2/tools", example("rest", "create_tool.request.api_hmac"))).status,
    200,
  );
  assert.equal(
    (await call("POST", `/v2/pals/${pal["pal_id"]}/tools`, { tool_ids: [tool["tool_id"]] })).status,
    200,
  );
  const patch = example("rest", "patch_pal.request") as unknown as Row[];
  assert.equal((await call("PATCH", `/v2/pals/${pal["pal_id"]}`, patch)).status, 200);
  assert.equal((await call("PATCH", `/v2/pals/${pal["pal_id"]}`, patch)).status, 304);
  assert.deepEqual(await call("POST", `/v2/conversations/${id}/end`), { status: 204, json: undefined });
  const verbose = (await call("GET", `/v2/conversations/${id}?verbose=true`)).json!;
  held({ ...verbose, events: [] }, "get_conversation.response.200.verbose");
  const unknown = await call("GET", "/v2/conversations/c0ffee");
  assert.deepEqual(unknown, { status: 400, json: example("rest", "error.400.invalid_id") });
  const store = (await call("POST", "/v2/memory-stores", example("rest", "create_memory_store.request")))
    .json!;
  const read = (await call("GET", `/v2/memory-stores/${store["memory_store_id"]}`)).json!;
  held({ ...read, learned: {} }, "get_memory_store.response", ["profile", "timeline"]);
});

test("rooms end by themselves: nobody came, everybody left, time is up, the plan is empty", async () => {
  const clock = new FakeClock();
  await using harness = await tavusHarness({}, { clock });
  const { adapter, simulator, persona, briefing } = harness;
  const start = async () => (await adapter.open(briefing, persona, bindingFor("tavus"))).vendorSessionId;
  const reason = (id: string) => simulator.conversation(id).shutdownReason;
  const enter = (id: string) => simulator.room(id).join({ token: simulator.conversation(id).meetingToken });

  const alone = await start();
  await clock.advance(119_000);
  assert.equal(reason(alone), undefined);
  await clock.advance(1_000);
  assert.equal(reason(alone), "participant_absent_timeout reached");

  const left = await start();
  await (await enter(left)).leave();
  await clock.advance(30_000);
  assert.equal(reason(left), "participant_left_timeout reached");

  const long = await start();
  await enter(long);
  await clock.advance(600_000);
  assert.equal(reason(long), "max_call_duration reached");

  simulator.faults.cutAfterMs = 86_000;
  const poor = await start();
  await enter(poor);
  await clock.advance(86_000);
  assert.equal(reason(poor), "max_call_duration");
  simulator.faults.startupException = true;
  const broken = await start();
  await clock.advance(10);
  assert.equal(reason(broken), "exception_encountered_during_conversation_startup");
  await simulator.idle();
});

test("nobody enters a private room without its token, or a full one", async () => {
  await using harness = await tavusHarness();
  const { adapter, simulator, persona, briefing } = harness;
  const full = { ...persona, vendor: { conversation: { max_participants: 2 } } };
  const { vendorSessionId, join } = await adapter.open(briefing, full, bindingFor("tavus"));
  const room = simulator.room(vendorSessionId);
  await assert.rejects(room.join(), /not allowed/);
  await assert.rejects(room.join({ token: "guess" }), /not allowed/);
  await room.join({ token: join.token });
  await assert.rejects(room.join({ token: join.token }), /not allowed/);
});

test("the record fills up minutes after the call, webhooks come late, twice, turned around or not at all", async () => {
  const clock = new FakeClock();
  const timing = { transcriptAfterMs: 60_000, perceptionAfterMs: 180_000 };
  await using harness = await tavusHarness({}, { clock, timing });
  const { adapter, simulator, persona, briefing } = harness;
  simulator.faults.webhooks = {
    duplicate: true,
    outOfOrder: true,
    missing: ["system.shutdown"],
    delayMs: 5_000,
  };
  const { vendorSessionId } = await adapter.open(briefing, persona, bindingFor("tavus"));
  await clock.advance(0);
  await clock.advance(5_000);
  await simulator.idle();
  const types = () => simulator.webhooks.map(({ event }) => event["event_type"]);
  const joined = ["system.pal_joined", "system.pal_joined", "system.replica_joined", "system.replica_joined"];
  assert.deepEqual(types(), joined);
  simulator.end(vendorSessionId, "end_conversation_endpoint_hit");
  const recorded = () => simulator.conversation(vendorSessionId).events.map((event) => event["event_type"]);
  assert.deepEqual(recorded().slice(2), ["system.shutdown"]);
  await clock.advance(180_000);
  await simulator.idle();
  await clock.advance(5_000);
  await simulator.idle();
  assert.deepEqual(recorded().slice(3), [
    "application.transcription_ready",
    "application.perception_analysis",
  ]);
  assert.ok(!types().includes("system.shutdown"));
  assert.equal(types().filter((type) => type === "application.perception_analysis").length, 2);
});

function isAgent(message: Row): boolean {
  return ["replica", "pal"].includes(String((message["properties"] as Row | undefined)?.["role"]));
}

/** The fixture that an app message is held to; heartbeats and the shutdown have none. */
function fixtureOf(message: Row): string | undefined {
  const type = String(message["event_type"]);
  const properties = (message["properties"] ?? {}) as Row;
  if (type === "conversation.utterance")
    return `${type}.${properties["role"] === "user" ? "user" : "replica"}`;
  if (type === "conversation.utterance.streaming")
    return properties["final"] ? `${type}.final_interrupted` : type;
  return type.startsWith("system.") ? undefined : type;
}

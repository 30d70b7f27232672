import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { Row } from "../read.ts";
import { parseVendorConfig } from "../vendor-config.ts";
import { dIdConfig } from "./config.ts";
import contract from "./fixtures/contract.json" with { type: "json" };
import { dIdHarness, PERSONA } from "./harness.fixture.ts";
import type { DIdSimulator } from "./simulator.ts";

const code = (expected: ErrorCode) => (error: unknown) => AstrocyteError.is(error, expected);
const open = ({ adapter, persona }: Awaited<ReturnType<typeof dIdHarness>>, binding = bindingFor("d-id")) =>
  adapter.open(BRIEFING, persona, binding);

function sent({ requests }: DIdSimulator, request: RegExp): Row[] {
  return requests
    .filter(({ method, path }) => request.test(`${method} ${path}`))
    .map(({ body }) => body as Row);
}

/** Lets the clock run while something is waited for, slowly enough for what goes over the network. */
async function passTime<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let over = false;
  const settled = () => {
    over = true;
  };
  work.then(settled, settled);
  while (!over) {
    await clock.advance(100);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  return work;
}

test("an agent of the session's own has briefing, greeting, our model and its tools, in the contract's shape", async () => {
  await using harness = await dIdHarness({ custom_llm: true, max_messages: 20 });
  const binding = bindingFor("d-id");
  const { join } = await open(harness, binding);
  const [agent] = sent(harness.simulator, /^POST \/agents$/);
  const { llm, ...rest } = agent as { llm: Row };
  assert.deepEqual(rest, {
    preview_name: binding.marker,
    presenter: PERSONA.vendor["presenter"],
    greetings: ["Hello Anna."],
  });
  const { custom, ...model } = llm;
  assert.deepEqual(model, { provider: "custom", instructions: BRIEFING.text });
  assert.deepEqual(custom, {
    ...contract.createAgent.llmCustomBasic.custom,
    url: "http://127.0.0.1:9/brain/v1/dialects/d-id",
    key: binding.brain.apiKey,
  });
  const [tool] = sent(harness.simulator, /^POST \/tools$/);
  const { name, description, parameters } = PERSONA.tools[0]!;
  assert.deepEqual(tool, { name, description, schema: { parameters }, config: { type: "client" } });
  const [patch] = sent(harness.simulator, /^PATCH /);
  const { items, tool_choice } = patch!["tools"] as { items: Row[]; tool_choice: string };
  assert.deepEqual([items.length, tool_choice, items[0]!["static_values"]], [1, "auto", {}]);
  const [session] = sent(harness.simulator, /sessions$/);
  assert.deepEqual(session, { transport: { provider: "livekit" }, chat_persist: true });
  assert.deepEqual([join.kind, join.data], ["livekit", { tools: ["look_up"] }]);
});

test("the key of our model goes under the name that older types have, and tools of yours are attached as they are", async () => {
  await using harness = await dIdHarness({ custom_llm: true, llm_key_field: "api_key" });
  const made = await fetch(`${harness.simulator.url}/tools`, {
    method: "POST",
    headers: { authorization: `Basic ${harness.simulator.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ ...PERSONA.tools[0], schema: { parameters: {} }, config: { type: "client" } }),
  });
  const { id } = (await made.json()) as { id: string };
  const vendor = { ...harness.persona.vendor, tool_ids: { look_up: id }, tool_choice: "required" };
  const { resources } = await harness.adapter.open(
    BRIEFING,
    { ...harness.persona, vendor },
    bindingFor("d-id"),
  );
  const [agent] = sent(harness.simulator, /^POST \/agents$/);
  const { custom } = agent!["llm"] as { custom: Row };
  assert.ok(typeof custom["api_key"] === "string" && !("key" in custom));
  const [patch] = sent(harness.simulator, /^PATCH /);
  assert.deepEqual(patch, { tools: { items: [{ tool_id: id }], tool_choice: "required" } });
  const left = (await harness.adapter.listLeft!()).flatMap((each) => each.resources);
  await harness.adapter.release([...resources, ...left]);
  assert.deepEqual([harness.simulator.left().agents, harness.simulator.left().tools], [0, 1]);
});

test("a new agent is waited for, and one that fails or takes too long leaves nothing", async () => {
  const clock = new FakeClock();
  await using harness = await dIdHarness({}, { clock, timing: { agentReadyAfterMs: 1_400 } });
  const { simulator } = harness;
  const during = (work: Promise<unknown>) => passTime(clock, work);
  await during(open(harness));
  assert.ok(sent(simulator, /^GET \/agents\/agt_/).length > 1);

  simulator.faults.agentsFail = true;
  await assert.rejects(during(open(harness)), code("vendor_invalid"));
  simulator.faults.agentsFail = false;
  simulator.timing.agentReadyAfterMs = 60_000;
  await assert.rejects(during(open(harness)), code("vendor_timeout"));
  assert.deepEqual([simulator.left().agents, simulator.left().tools, simulator.left().sessions], [1, 1, 1]);
});

test("what is turned away with 429 is sent again three times, a second apart, and no more", async () => {
  const clock = new FakeClock();
  await using harness = await dIdHarness({ strategy: "shared_agent" }, { clock });
  const { simulator } = harness;
  const opening = async (turnedAway: number) => {
    simulator.faults.rateLimited = turnedAway;
    const from = clock.now();
    await passTime(clock, open(harness));
    return clock.now() - from;
  };
  assert.ok((await opening(3)) >= 3_000);
  await assert.rejects(opening(4), code("vendor_rate_limited"));
  assert.equal(simulator.left().sessions, 1);
});

test("D-ID's kinds of errors, and none of its words", async () => {
  await using harness = await dIdHarness();
  const kinds: Array<[status: number, kind: string, ErrorCode]> = [
    [401, "AuthorizationError", "vendor_auth"],
    [402, "InsufficientCreditsError", "vendor_credits"],
    [403, "InsufficientCreditsError", "vendor_credits"],
    [404, "NotFoundError", "vendor_not_found"],
    [400, "BadRequestError", "vendor_invalid"],
    [500, "SessionError", "vendor_failed"],
  ];
  for (const [status, kind, expected] of kinds) {
    harness.simulator.faults.refuse = { request: /sessions$/, status, kind };
    await assert.rejects(open(harness), (error: AstrocyteError) => {
      assert.equal(error.code, expected);
      assert.doesNotMatch(error.message, /refused"|description/);
      return true;
    });
  }
  assert.deepEqual(harness.simulator.left(), { sessions: 0, streams: 0, agents: 0, tools: 0 });
});

test("an agent whose id was never learnt is found by its name", async () => {
  await using harness = await dIdHarness({});
  harness.simulator.faults.loseAnswerOf = /^POST \/agents$/;
  const recorded: Array<{ kind: string; id: string }> = [];
  const onResource = async (resource: { kind: string; id: string }) => void recorded.push(resource);
  await assert.rejects(open(harness, bindingFor("d-id", { onResource })), code("vendor_failed"));
  assert.ok(
    recorded.some(({ kind }) => kind === "agent_name") && !recorded.some(({ kind }) => kind === "agent"),
  );
  assert.equal(harness.simulator.left().agents, 0);
});

test("sessions on a rewritten agent open one at a time, each with its own briefing", async () => {
  await using harness = await dIdHarness({
    strategy: "shared_agent",
    shared_binding: "patch",
    custom_llm: true,
  });
  const { simulator, adapter, persona } = harness;
  const people = ["Anna", "Ben", "Carla"];
  const opened = await Promise.all(
    people.map((name) => adapter.open({ text: `You talk to ${name}.` }, persona, bindingFor("d-id"))),
  );
  const instructions = opened.map(
    ({ vendorSessionId }) => simulator.session(vendorSessionId).body["llm"] as Row,
  );
  assert.deepEqual(
    instructions.map((llm) => llm["instructions"]),
    people.map((name) => `You talk to ${name}.`),
  );
});

test("a session that another gateway's briefing may have reached is handed to nobody", async () => {
  const config = { strategy: "shared_agent", shared_binding: "patch" } as const;
  await using harness = await dIdHarness(config);
  const { adapter, persona, simulator } = harness;
  // After the patch and before the session, as another process might.
  simulator.faults.rewrittenMeanwhile = "You talk to Ben.";
  await assert.rejects(adapter.open(BRIEFING, persona, bindingFor("d-id")), code("vendor_conflict"));
  assert.equal(simulator.left().sessions, 1, "and there is no call that ends it");
  assert.equal(simulator.left().tools, 0);
});

test("in V1 the page gets a client key and no briefing, and D-ID is told of neither our key nor the briefing", async () => {
  await using harness = await dIdHarness({ mode: "v1", custom_llm: true });
  const { simulator } = harness;
  const [first, second] = [await open(harness), await open(harness)];
  assert.equal(first.join.token, second.join.token);
  assert.equal(sent(simulator, /^POST \/agents\/client-key$/).length, 1);
  for (const agent of sent(simulator, /^POST \/agents$/))
    assert.ok(!JSON.stringify(agent["llm"]).includes("Anna"));
  const data = first.join.data as Row;
  assert.deepEqual(Object.keys(data).sort(), [
    "agent_id",
    "chat_id",
    "ice_servers",
    "offer",
    "session_id",
    "stream_id",
  ]);
  const [stream] = sent(simulator, /streams$/);
  for (const field of Object.keys(stream!)) assert.ok(field in contract.legacyStream.create.body, field);
  assert.deepEqual([stream!["session_timeout"]], [300]);

  await using own = await dIdHarness({ mode: "v1", client_key_scope: "agent" });
  const opened = await open(own);
  await own.adapter.release(opened.resources);
  assert.equal(sent(own.simulator, /^POST \/agents\/agt_\w+\/client-keys$/).length, 1);
});

test("a V1 stream says, answers and closes under its sticky id; a page works it under its own key", async () => {
  await using harness = await dIdHarness({ mode: "v1" }, { think: () => ({ text: "Ten kilometres." }) });
  const { adapter, simulator } = harness;
  const opened = await open(harness);
  const session = { sessionId: "ses_1", ...opened };
  const stream = simulator.stream(opened.vendorSessionId);
  await adapter.command!(session, { kind: "say", text: "Good evening." });
  await adapter.command!(session, { kind: "respond", text: "How far?" });
  assert.deepEqual(stream.spoken, ["Good evening.", "Ten kilometres."]);
  await assert.rejects(adapter.command!(session, { kind: "interrupt" }), code("not_supported"));

  const page = (path: string, body: Row, origin = "https://app.test") =>
    fetch(opened.join.url + path, {
      method: "POST",
      headers: {
        ...{ authorization: `Client-Key ${opened.join.token}.ext_conn`, origin },
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
  const { session_id } = opened.join.data as { session_id: string };
  const answer = { type: "answer", sdp: "v=0" };
  assert.equal((await page("/sdp", { session_id, answer }, "https://evil.test")).status, 401);
  assert.equal((await page("/sdp", { session_id: "another", answer })).status, 400);
  assert.equal((await page("/sdp", { session_id, answer })).status, 200);
  assert.equal(
    (await page("/ice", { session_id, candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 })).status,
    200,
  );
  assert.deepEqual([stream.answered, stream.candidates.length], [true, 1]);

  await adapter.end(session, "test");
  assert.equal(stream.open, false);
  await assert.rejects(adapter.command!(session, { kind: "say", text: "Hello?" }), code("vendor_not_found"));
});

test("a wrong configuration is named field by field, and no value is told", () => {
  assert.throws(
    () => parseVendorConfig("d-id", dIdConfig, { api_key: "", mode: "v3", colour: "secret-blue" }),
    (error: AstrocyteError) => {
      assert.equal(error.code, "config_invalid");
      assert.match(error.message, /api_key.*mode.*colour/s);
      assert.doesNotMatch(error.message, /secret-blue/);
      return true;
    },
  );
});

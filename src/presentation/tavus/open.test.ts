import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { VendorPersona, VendorResource } from "../adapter.ts";
import { createTavusApi } from "./api.ts";
import { languageName } from "./config.ts";
import { PERSONA, tavusHarness } from "./harness.fixture.ts";
import { departures, example, type Row } from "./shape.fixture.ts";

test("a PAL of the session has the briefing, our brain under the session's key, and the persona's layers", async () => {
  await using harness = await tavusHarness();
  const binding = bindingFor("tavus");
  await harness.adapter.open(BRIEFING, PERSONA, binding);
  const pal = bodyOf(harness.simulator.requests, "/v2/pals");
  assert.deepEqual(pal, {
    pal_name: binding.marker,
    system_prompt: BRIEFING.text,
    pipeline_mode: "full",
    default_face_id: "r90bbd427f71",
    layers: {
      tts: { tts_engine: "cartesia" },
      llm: {
        speculative_inference: true,
        base_url: binding.brain.baseUrl,
        api_key: binding.brain.apiKey,
        model: "astrocyte",
      },
    },
  });
  const conversation = bodyOf(harness.simulator.requests, "/v2/conversations");
  const expected = example("rest", "create_conversation.request.current_names");
  assert.deepEqual(
    departures(conversation, expected, Object.keys({ ...expected, ...expected["properties"]! })),
    [],
  );
  const { pal_id: _pal, ...rest } = conversation;
  assert.deepEqual(rest, {
    face_id: "r90bbd427f71",
    conversation_name: binding.marker,
    callback_url: binding.callbackUrl,
    custom_greeting: "Hello Anna.",
    require_auth: true,
    properties: {
      enable_closed_captions: true,
      language: "english",
      max_call_duration: 600,
      participant_absent_timeout: 120,
      participant_left_timeout: 30,
    },
  });
});

test("a shared PAL gets the briefing and a signed line as context, and nothing of the session stays", async () => {
  await using harness = await tavusHarness({
    strategy: "shared_pal",
    vocabulary: "persona",
    private_room: false,
  });
  const binding = bindingFor("tavus");
  const { resources, join, vendorSessionId } = await harness.adapter.open(BRIEFING, harness.persona, binding);
  const body = bodyOf(harness.simulator.requests, "/v2/conversations");
  const context = `[astrocyte-context: ${binding.brain.contextToken}]\n\n${BRIEFING.text}`;
  assert.equal(body["conversational_context"], context);
  assert.ok("persona_id" in body && !("require_auth" in body));
  assert.deepEqual(resources, [
    { kind: "conversation_name", id: binding.marker },
    { kind: "conversation", id: vendorSessionId },
  ]);
  assert.equal(join.token, undefined);
  assert.equal(harness.simulator.left().pals, 1);
});

test("what the contract leaves open is sent as configured", async () => {
  const language = async (config: Parameters<typeof tavusHarness>[0], tag: string) => {
    await using harness = await tavusHarness(config);
    await harness.adapter.open(
      { text: "Be kind." },
      { ...PERSONA, language: tag },
      bindingFor("tavus", { personTag: "anna" }),
    );
    return bodyOf(harness.simulator.requests, "/v2/conversations");
  };
  const properties = (body: Row) => body["properties"] as Row;
  assert.equal(properties(await language({}, "es-MX"))["language"], "spanish");
  assert.deepEqual(properties(await language({ language_field: "languages" }, "es-MX"))["languages"], ["es"]);
  assert.equal(properties(await language({ language: "multilingual" }, "xx"))["language"], "multilingual");
  const bare = await language({ language_field: "none", closed_captions: false }, "en");
  assert.ok(!("language" in properties(bare)) && properties(bare)["enable_closed_captions"] === false);
  assert.ok(!("custom_greeting" in bare) && !Object.keys(bare).some((name) => name.includes("dynamic")));
  assert.equal(
    (await language({ dynamic_greeting_field: "dynamic_greeting" }, "en"))["dynamic_greeting"],
    true,
  );
  assert.ok(!("participant_tags" in bare) && !("memory_stores" in bare));
  assert.deepEqual((await language({ vendor_memory: "participant_tag" }, "en"))["participant_tags"], [
    "anna",
  ]);
  assert.deepEqual((await language({ vendor_memory: "memory_store" }, "en"))["memory_stores"], ["anna"]);
  assert.deepEqual(
    [languageName("pt-BR"), languageName("zh"), languageName("tlh")],
    ["portuguese", "chinese", "klingon"],
  );
  assert.equal(languageName("no language"), undefined);
});

test("test mode opens a room that is over", async () => {
  await using harness = await tavusHarness({ test_mode: true });
  const opened = await harness.adapter.open(BRIEFING, PERSONA, bindingFor("tavus"));
  assert.equal(harness.simulator.left().conversations, 0);
  assert.equal(await harness.adapter.isOpen!({ ...opened, sessionId: "ses_1" }), false);
});

test("what a crash left is deleted by name when no id was recorded", async () => {
  await using harness = await tavusHarness();
  const { adapter, simulator } = harness;
  const api = createTavusApi({
    baseUrl: simulator.url,
    apiKey: simulator.apiKey,
    vocabulary: "pal",
    timeoutMs: 5_000,
    clock: systemClock,
  });
  const binding = bindingFor("tavus");
  const recorded: VendorResource[] = [];
  await adapter.open(BRIEFING, PERSONA, { ...binding, onResource: async (made) => void recorded.push(made) });
  await api.pals.create({ pal_name: "Another", system_prompt: "x", default_face_id: "r1" });
  // The process died after each name was recorded and before the id of what was then made.
  const names = recorded.filter(({ kind }) => kind.endsWith("_name"));
  assert.deepEqual(names.map(({ kind }) => kind).sort(), ["conversation_name", "pal_name", "tool_name"]);
  await adapter.release(names);
  const { conversations, pals } = simulator.left();
  assert.deepEqual([conversations, pals, simulator.ownTools()], [0, 1, 0]);
  await adapter.release(names);
});

test("an answer that got lost leaves neither PAL nor tool", async () => {
  for (const lost of ["/v2/pals", "/v2/tools"]) {
    await using harness = await tavusHarness();
    harness.simulator.faults.loseResponseOf = lost;
    await assert.rejects(harness.adapter.open(BRIEFING, PERSONA, bindingFor("tavus")), is("vendor_failed"));
    assert.deepEqual([harness.simulator.left().pals, harness.simulator.ownTools()], [0, 0], lost);
  }
});

test("a create that takes too long is not repeated, and what came of it is found by its marker", async () => {
  const clock = new FakeClock();
  await using harness = await tavusHarness({ create_timeout_ms: 5_000 }, { clock });
  const { adapter, simulator } = harness;
  simulator.faults.slowCreateMs = 60_000;
  const opening = adapter.open(BRIEFING, PERSONA, bindingFor("tavus"));
  const refused = assert.rejects(opening, is("vendor_timeout"));
  await until(() =>
    simulator.requests.some(({ path, method }) => method === "POST" && path === "/v2/conversations"),
  );
  await clock.advance(5_000);
  await refused;
  assert.deepEqual([simulator.left().conversations, simulator.left().pals], [0, 0]);
});

test("each way that Tavus refuses has its code", async () => {
  await using harness = await tavusHarness();
  const { adapter, simulator } = harness;
  const { faults } = simulator;
  const refused = async (code: ErrorCode) => {
    await assert.rejects(adapter.open(BRIEFING, PERSONA, bindingFor("tavus")), is(code), code);
    assert.deepEqual(
      [simulator.left().conversations, simulator.left().pals, simulator.ownTools()],
      [0, 0, 0],
      code,
    );
  };
  faults.outOfCredits = true;
  await refused("vendor_credits");
  faults.outOfCredits = false;
  for (const status of [400, 429] as const) {
    Object.assign(faults, { maxConcurrent: 0, concurrencyStatus: status });
    await refused("vendor_capacity");
  }
  faults.maxConcurrent = 9;
  faults.createFails = true;
  await refused("vendor_invalid");
  faults.createFails = false;
  faults.noMeetingToken = true;
  await refused("vendor_failed");
  faults.noMeetingToken = false;
  faults.badKey = true;
  await refused("vendor_auth");
});

test("ending is a success for every answer to a second end, and a failure when the room still runs", async () => {
  await using harness = await tavusHarness();
  const { adapter, simulator } = harness;
  for (const secondEnd of [200, 204, 400, 409] as const) {
    const opened = { ...(await adapter.open(BRIEFING, PERSONA, bindingFor("tavus"))), sessionId: "ses_1" };
    Object.assign(simulator.faults, { secondEnd });
    await adapter.end(opened, "test");
    await adapter.end(opened, "test");
  }
  const running = { ...(await adapter.open(BRIEFING, PERSONA, bindingFor("tavus"))), sessionId: "ses_1" };
  simulator.faults.failNext = 1;
  await assert.rejects(adapter.end(running, "test"), is("vendor_failed"));
  simulator.faults.badKey = true;
  await assert.rejects(adapter.end(running, "test"), is("vendor_auth"));
});

test("a call that leaves no transcript is complete once it is too late for one", async () => {
  const clock = new FakeClock();
  const timing = { transcriptAfterMs: Number.MAX_SAFE_INTEGER };
  await using harness = await tavusHarness({ transcript_wait_ms: 60_000 }, { clock, timing });
  const { adapter, simulator } = harness;
  const opened = { ...(await adapter.open(BRIEFING, PERSONA, bindingFor("tavus"))), sessionId: "ses_1" };
  await adapter.end(opened, "test");
  assert.deepEqual(await adapter.fetchTranscript!(opened), { turns: [], complete: false });
  await clock.advance(60_000);
  assert.deepEqual(await adapter.fetchTranscript!(opened), { turns: [], complete: true });
  const gone = { ...opened, vendorSessionId: "c0ffee" };
  assert.deepEqual(await adapter.fetchTranscript!(gone), { turns: [], complete: true });
  simulator.faults.failNext = 9;
  await assert.rejects(adapter.fetchTranscript!(opened), is("vendor_failed"));
});

test("all open sessions are listed, over as many pages as there are", async () => {
  await using harness = await tavusHarness({ strategy: "shared_pal" });
  const { adapter, simulator } = harness;
  await Promise.all(
    Array.from({ length: 105 }, () => adapter.open(BRIEFING, harness.persona, bindingFor("tavus"))),
  );
  assert.equal((await adapter.listOpen!()).length, 105);
  const pages = simulator.requests.filter(
    ({ method, path }) => method === "GET" && path === "/v2/conversations",
  );
  assert.deepEqual(
    pages.map(({ query }) => query["page"]),
    ["1", "2"],
  );
});

test("a persona that does not fit is refused before Tavus hears of it", async () => {
  await using harness = await tavusHarness();
  for (const unfit of harness.unfit) {
    await assert.rejects(harness.adapter.open(BRIEFING, unfit, bindingFor("tavus")), is("invalid_input"));
  }
  assert.deepEqual(harness.simulator.requests, []);
});

test("what a persona may not do is told in words", async () => {
  await using harness = await tavusHarness({ face_id: undefined });
  const problems = (change: Partial<VendorPersona>) =>
    harness.adapter.validate({ ...PERSONA, ...change }).join("\n");
  assert.match(problems({}), /a face is needed/);
  const face_id = "r1";
  assert.equal(problems({ vendor: { face_id } }), "");
  assert.match(
    problems({ vendor: { face_id, pal: { system_prompt: "x" } } }),
    /pal\.system_prompt is set by Astrocyte/,
  );
  assert.match(
    problems({ vendor: { face_id, layers: { llm: { api_key: "x" } } } }),
    /llm\.api_key is set by Astrocyte/,
  );
  assert.match(problems({ vendor: { face_id, tool_wait: "static_filler" } }), /needs tool_filler/);
  assert.match(problems({ vendor: { face: 1 } }), /face/);
  const tool = PERSONA.tools[0]!;
  assert.match(problems({ tools: [{ ...tool, name: "x".repeat(53) }], vendor: { face_id } }), /more than 52/);
  assert.match(
    problems({ tools: [{ ...tool, description: "x".repeat(1e4) }], vendor: { face_id } }),
    /10000/,
  );
  assert.match(problems({ tools: Array.from({ length: 51 }, () => tool), vendor: { face_id } }), /takes 50/);
});

function bodyOf(requests: Array<{ method: string; path: string; body: unknown }>, path: string): Row {
  return requests.find((request) => request.method === "POST" && request.path === path)?.body as Row;
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}

function is(code: ErrorCode) {
  return (error: unknown) => AstrocyteError.is(error, code);
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import type { VendorResource } from "../adapter.ts";
import { asRow, type Row } from "../read.ts";
import { elevenLabsHarness, INBOUND_SECRET, PERSONA } from "./harness.fixture.ts";

type Harness = Awaited<ReturnType<typeof elevenLabsHarness>>;

function sent({ simulator }: Harness, path: string): Row[] {
  const calls = simulator.requests.filter((each) => each.method === "POST" && each.path === path);
  return calls.map(({ body }) => asRow(body));
}

const AGENTS = "/v1/convai/agents/create";
const TOOLS = "/v1/convai/tools";
const SECRETS = "/v1/convai/secrets";

test("a session's agent thinks with our brain alone, lets nobody in unasked, and keeps the session's limits", async () => {
  await using harness = await elevenLabsHarness({
    post_call_webhook_id: "wh_1",
  });
  const binding = bindingFor("elevenlabs");
  await harness.adapter.open(BRIEFING, PERSONA, binding);
  const [body] = sent(harness, AGENTS);
  const { conversation_config: config, platform_settings: platform, name } = body!;
  const secret = sent(harness, SECRETS).find((each) => String(each["name"]).endsWith(" brain"));
  assert.deepEqual(
    [name, secret],
    [binding.marker, { type: "new", name: `${binding.marker} brain`, value: binding.brain.apiKey }],
  );
  const { agent, turn, tts, conversation } = config as Record<string, Row>;
  const { custom_llm, ...prompt } = asRow(agent!["prompt"]);
  assert.deepEqual(
    { ...asRow(custom_llm), api_key: undefined },
    { url: binding.brain.baseUrl, model_id: "astrocyte", api_type: "chat_completions", api_key: undefined },
  );
  assert.equal(prompt["prompt"], BRIEFING.text);
  assert.deepEqual(prompt["backup_llm_config"], { preference: "disabled" });
  assert.equal((prompt["tool_ids"] as string[]).length, 2);
  assert.deepEqual(Object.keys(asRow(prompt["built_in_tools"])), ["end_call"]);
  assert.equal(agent!["first_message"], BRIEFING.greeting);
  assert.deepEqual(turn, { silence_end_call_timeout: 120 });
  assert.deepEqual(tts, { model_id: "eleven_flash_v2", voice_id: "voice_of_theo" });
  assert.equal(conversation!["max_duration_seconds"], 600);
  assert.deepEqual(platform, {
    workspace_overrides: {
      webhooks: {
        post_call_webhook_id: "wh_1",
        events: ["transcript", "call_initiation_failure"],
        transcript_format: "json",
      },
    },
    overrides: { conversation_config_override: { conversation: { text_only: true } } },
    auth: { enable_auth: true },
    call_limits: { agent_concurrency_limit: 1, bursting_enabled: false },
  });
});

test("what the persona says of ElevenLabs is passed on, beside what is ours", async () => {
  await using harness = await elevenLabsHarness();
  const vendor = {
    conversation_config: { tts: { stability: 0.4 }, asr: { keywords: ["Brightside"] } },
    platform_settings: { privacy: { record_voice: false } },
  };
  await harness.adapter.open(BRIEFING, { ...PERSONA, language: "pt-BR", vendor }, bindingFor("elevenlabs"));
  const [body] = sent(harness, AGENTS);
  const config = asRow(body!["conversation_config"]);
  assert.deepEqual(config["tts"], { model_id: "eleven_flash_v2_5", stability: 0.4 });
  assert.deepEqual(config["asr"], { keywords: ["Brightside"] });
  assert.equal(asRow(config["agent"])["language"], "pt-br");
  assert.deepEqual(asRow(body!["platform_settings"])["privacy"], { record_voice: false });
});

test("tools the page runs, and tools that ElevenLabs calls with the session's own secret", async () => {
  await using harness = await elevenLabsHarness();
  const binding = bindingFor("elevenlabs");
  const { join } = await harness.adapter.open(BRIEFING, PERSONA, binding);
  assert.deepEqual(join.data, { tools: ["look_up"] });
  const tools = sent(harness, TOOLS).map((each) => asRow(each["tool_config"]));
  const [client, server] = ["client", "webhook"].map((type) => tools.find((each) => each["type"] === type)!);
  assert.equal(client!["expects_response"], true);
  assert.equal(server!["execution_mode"], "async", "a silent tool does not hold the talk up");
  const api = asRow(server!["api_schema"]);
  assert.equal(api["url"], binding.tools.url);
  assert.ok(!JSON.stringify(tools).includes(binding.tools.secret), "the secret is stored, not written down");
  assert.deepEqual(Object.keys(asRow(asRow(api["request_body_schema"])["properties"])), [
    "to",
    "astrocyte_tool",
    "astrocyte_conversation",
    "astrocyte_time",
  ]);
});

test("what a crash or a lost answer left of tools and secrets is found by its name", async () => {
  for (const path of [TOOLS, SECRETS]) {
    await using harness = await elevenLabsHarness();
    const { simulator, adapter } = harness;
    const other = simulator.makeTool({
      type: "client",
      name: "look_up",
      description: "Somebody's.",
      parameters: { type: "object", properties: {} },
    });
    simulator.faults.loseAnswerOf = `POST ${path}`;
    const recorded: VendorResource[] = [];
    const onResource = async (resource: VendorResource) => void recorded.push(resource);
    await assert.rejects(adapter.open(BRIEFING, PERSONA, bindingFor("elevenlabs", { onResource })), (error) =>
      AstrocyteError.is(error, "vendor_failed"),
    );
    assert.deepEqual(simulator.left(), { agents: 0, tools: 1, secrets: 0 });
    assert.ok(recorded.some(({ kind }) => kind.endsWith("_name")));
    assert.equal(sent(harness, AGENTS).length, 0, "nobody can come in yet");
    assert.ok(other);
  }
});

test("an agent of one's own: one call, and what the page sends names the session without the briefing", async () => {
  await using harness = await elevenLabsHarness({
    strategy: "shared_agent",
    dynamic_variables: { company: "Brightside" },
    overrides: ["first_message", "language", "voice_id"],
  });
  const binding = bindingFor("elevenlabs");
  const { vendorSessionId, join, resources } = await harness.adapter.open(BRIEFING, harness.persona, binding);
  assert.deepEqual(resources, []);
  assert.equal(harness.simulator.requests.length, 1);
  assert.deepEqual(join.data, {
    tools: ["look_up"],
    conversation_config_override: {
      agent: { first_message: BRIEFING.greeting, language: "en" },
      tts: { voice_id: "voice_of_theo" },
    },
    custom_llm_extra_body: { astrocyte_context: binding.brain.contextToken },
    dynamic_variables: { company: "Brightside", astrocyte_session: vendorSessionId },
    user_id: binding.personTag,
  });
  assert.ok(join.expiresAt! > Date.now() + 14 * 60_000);
  assert.ok(vendorSessionId.startsWith(`${binding.sessionId}.`) && vendorSessionId.length > 32);
  const again = await harness.adapter.open(BRIEFING, harness.persona, bindingFor("elevenlabs"));
  assert.notEqual(again.vendorSessionId.split(".")[1], vendorSessionId.split(".")[1]);
});

test("a tool whose secret a page would have to carry is refused, before anything is asked", async () => {
  await using harness = await elevenLabsHarness({
    strategy: "shared_agent",
    inbound_secret: INBOUND_SECRET,
  });
  const opening = harness.adapter.open(BRIEFING, PERSONA, bindingFor("elevenlabs"));
  await assert.rejects(opening, (error) => AstrocyteError.is(error, "invalid_input"));
  assert.equal(harness.simulator.requests.length, 0);
});

test("both ways in, or LiveKit's alone", async () => {
  for (const connection of ["webrtc", "both"] as const) {
    await using harness = await elevenLabsHarness({ connection });
    const { join } = await harness.adapter.open(BRIEFING, PERSONA, bindingFor("elevenlabs"));
    assert.equal(join.url.startsWith(connection === "both" ? "ws://127.0.0.1" : "wss://livekit.rtc"), true);
    assert.match(join.token!, /^livekit_/);
  }
});

test("refusals have our codes, and quote nothing", async () => {
  const cases: Array<[number, unknown, string]> = [
    [401, { detail: { status: "quota_exceeded", message: "You said: my secret" } }, "vendor_credits"],
    [401, { detail: { status: "invalid_api_key", message: "x" } }, "vendor_auth"],
    [429, { detail: { status: "too_many_concurrent_requests", message: "x" } }, "vendor_capacity"],
    [429, { detail: { status: "system_busy", message: "x" } }, "vendor_rate_limited"],
    [422, { detail: [{ loc: ["body"], msg: "my secret", type: "value_error" }] }, "vendor_invalid"],
    [500, "<html>", "vendor_failed"],
  ];
  for (const [status, body, code] of cases) {
    await using harness = await elevenLabsHarness();
    harness.simulator.faults.refuseNext = { call: `POST ${AGENTS}`, status, body };
    await assert.rejects(
      harness.adapter.open(BRIEFING, PERSONA, bindingFor("elevenlabs")),
      (error: Error) => {
        assert.ok(AstrocyteError.is(error, code as "vendor_auth"), `${status} ${error.message}`);
        return !error.message.includes("my secret");
      },
    );
    assert.deepEqual(harness.simulator.left(), { agents: 0, tools: 0, secrets: 0 });
  }
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how LiveAvatar writes variables
import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { BRIEFING, CLIENT_TOOL } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { Binding, VendorBriefing, VendorPersona, VendorResource } from "../adapter.ts";
import type { Row } from "../read.ts";
import { type LiveAvatarConfigInput, parseLiveAvatarConfig } from "./config.ts";
import contract from "./fixtures/contract.json" with { type: "json" };
import { AVATAR, bindingFor, type LiveAvatarHarness, liveavatarHarness, PERSONA } from "./harness.fixture.ts";

type Options = { persona?: Partial<VendorPersona>; briefing?: VendorBriefing; binding?: Partial<Binding> };

function open({ adapter }: LiveAvatarHarness, { persona, briefing = BRIEFING, binding }: Options = {}) {
  return adapter.open(briefing, { ...PERSONA, ...persona }, bindingFor(binding));
}

/** The body of the last call of a path. */
function sent({ simulator }: LiveAvatarHarness, path: string): Row {
  const found = simulator.requests.findLast((request) => request.method === "POST" && request.path === path);
  return (found?.body ?? {}) as Row;
}

const code = (expected: ErrorCode) => (error: unknown) => AstrocyteError.is(error, expected);

function assertFields(body: unknown, schema: keyof typeof contract.fields): void {
  const unknown = Object.keys(body as Row).filter((field) => !contract.fields[schema].includes(field));
  assert.deepEqual(unknown, [], schema);
}

test("context, secret, configuration and token hold what the contract names, and the session's own key", async () => {
  await using harness = await liveavatarHarness({ max_session_seconds: 300 });
  const binding = bindingFor();
  const vendor = { voice_id: "0f0e0d0c-0b0a-4908-8706-050403020100", video_settings: { quality: "low" } };
  await harness.adapter.open(BRIEFING, { ...PERSONA, language: "es-MX", vendor }, binding);

  const context = sent(harness, "/v1/contexts");
  assert.deepEqual(context, { name: binding.marker, prompt: BRIEFING.text, opening_text: BRIEFING.greeting });
  const secret = sent(harness, "/v1/secrets");
  const { apiKey, baseUrl, model } = binding.brain;
  assert.deepEqual(secret, {
    ...{ secret_name: binding.marker, secret_value: apiKey, secret_type: "OPENAI_API_KEY" },
  });
  const { secret_id, ...configuration } = sent(harness, "/v1/llm-configurations");
  assert.equal(typeof secret_id, "string");
  assert.deepEqual(configuration, { display_name: binding.marker, model_name: model, base_url: baseUrl });

  const token = sent(harness, "/v1/sessions/token");
  assertFields(token, "CreateSessionTokenFull");
  assertFields(token["avatar_persona"], "AvatarPersona");
  const { language, voice_id } = token["avatar_persona"] as Row;
  assert.deepEqual([language, voice_id], ["es", vendor.voice_id]);
  assert.ok("llm_configuration_id" in token, "at the top: inside the persona it is ignored");
  // 600 s by the persona's limit, cut to the plan's.
  assert.deepEqual([token["max_session_duration"], token["is_sandbox"]], [300, false]);
  assert.deepEqual(token["video_settings"], { quality: "low" });
});

test("without a greeting something is said all the same, and nothing said becomes a variable", async () => {
  await using harness = await liveavatarHarness();
  await open(harness, { briefing: { text: "Anna says her password is ${secret}, and $${x} too." } });
  const { prompt, opening_text } = sent(harness, "/v1/contexts");
  assert.equal(opening_text, "Hello!");
  assert.equal(prompt, "Anna says her password is $ {secret}, and $$ {x} too.");
});

test("a context of yours gets greeting and briefing in variables, whole, in pieces it can take", async () => {
  await using harness = await liveavatarHarness({
    ...{ strategy: "shared_context", custom_llm: false, briefing_pieces: 3 },
  });
  const text = `${"a".repeat(999)}😀${"b".repeat(1_200)} \${left}`;
  const persona = { vendor: { dynamic_variables: { shop: "Brightside" } } };
  const { vendorSessionId } = await open(harness, { briefing: { ...BRIEFING, text }, persona });
  const variables = sent(harness, "/v1/sessions/token")["dynamic_variables"] as Record<string, string>;
  const { greeting, shop, ...pieces } = variables;
  assert.deepEqual([greeting, shop], [BRIEFING.greeting, "Brightside"]);
  assert.ok(Object.values(pieces).every((piece) => piece.length <= 1_000 && piece.isWellFormed()));
  assert.equal(Object.values(pieces).join(""), text.replace("${", "$ {"));
  assert.equal(harness.simulator.left().contexts, 1, "the customer's own stays alone");
  await harness.adapter.end({ sessionId: "s", vendorSessionId, resources: [] }, "test");

  const tooLong = { text: "x".repeat(3_001) };
  await assert.rejects(open(harness, { briefing: tooLong }), code("payload_too_large"));
  assert.equal(harness.simulator.left().sessions, 0);
});

test("a voice agent stands in place of the persona, with its variables inside", async () => {
  await using harness = await liveavatarHarness({ strategy: "voice_agent" });
  await open(harness);
  const { avatar_persona, dynamic_variables, voice_agent } = sent(harness, "/v1/sessions/token");
  assert.deepEqual([avatar_persona, dynamic_variables], [undefined, undefined]);
  const { language, dynamic_variables: inside } = voice_agent as Row;
  assert.equal(language, "en");
  assert.deepEqual((inside as Row)["greeting"], BRIEFING.greeting);
  assert.deepEqual((inside as Row)["briefing_1"], "", "our model gets the briefing from the brain");
});

test("started by us, the page gets LiveKit's room; started by the page, LiveAvatar's token", async () => {
  const clock = new FakeClock();
  await using byUs = await liveavatarHarness({}, { clock });
  const { join } = await open(byUs);
  assert.equal(join.kind, "livekit");
  assert.deepEqual(join.data, { topics: contract.topics });
  assert.equal(join.expiresAt, clock.now() + 600_000);

  await using byPage = await liveavatarHarness({ start: "page" });
  // The harness starts it as the page would.
  const opened = await open(byPage);
  assert.deepEqual([opened.join.kind, opened.join.url], ["liveavatar", byPage.simulator.url]);
  const { token } = byPage.simulator.session(opened.vendorSessionId);
  assert.equal(opened.join.token, token);
});

test("a session that the page has not started yet is neither open nor over", async () => {
  await using harness = await liveavatarHarness({ start: "page" });
  const { alone, simulator } = harness;
  const { vendorSessionId } = await alone.open(BRIEFING, PERSONA, bindingFor());
  const session = { sessionId: "s", resources: [], vendorSessionId };
  assert.equal(simulator.left().sessions, 0);
  assert.equal(await alone.isOpen!(session), undefined);
  assert.equal(await alone.isOpen!({ ...session, vendorSessionId: AVATAR }), undefined);
  await alone.end(session, "nobody_came");
  assert.equal(await alone.isOpen!(session), false);
});

test("whatever step fails, or whose answer is lost, nothing is left and nothing is tried again", async () => {
  const paths = [
    "/v1/contexts",
    "/v1/secrets",
    "/v1/llm-configurations",
    "/v1/sessions/token",
    "/v1/sessions/start",
  ];
  for (const path of paths) {
    await using harness = await liveavatarHarness();
    const before = harness.simulator.left();
    // So that a session that was only made, but not started, is found too.
    harness.simulator.switches.listsUnstarted = true;
    harness.simulator.switches.loseAnswerOf = path;
    await assert.rejects(open(harness), code("vendor_failed"));
    assert.deepEqual(harness.simulator.left(), before, path);
    assert.equal(
      harness.simulator.requests.filter((each) => each.method === "POST" && each.path === path).length,
      1,
    );
    const made = harness.simulator.requests.some(
      ({ path, status }) => path === "/v1/sessions/token" && status === "lost",
    );
    const stopped = harness.simulator.requests.some(({ path }) => path === "/v1/sessions/stop");
    if (made) assert.ok(stopped, "the session that nobody heard of is stopped");
  }
});

test("a start that is refused takes everything back", async () => {
  await using harness = await liveavatarHarness();
  const before = harness.simulator.left();
  const { adapter, simulator } = harness;
  // Somebody deletes the configuration between the token and the start: only start looks.
  const binding = bindingFor({
    async onResource({ kind, id }) {
      if (kind !== "session") return;
      const stored = simulator.session(id).body["llm_configuration_id"];
      const headers = { "x-api-key": simulator.apiKey };
      await fetch(`${simulator.url}/v1/llm-configurations/${stored}`, { method: "DELETE", headers });
    },
  });
  await assert.rejects(adapter.open(BRIEFING, PERSONA, binding), code("vendor_not_found"));
  assert.deepEqual(simulator.left(), before);

  simulator.switches.maxConcurrent = 0;
  await assert.rejects(open(harness), code("vendor_capacity"));
  simulator.switches.creditsLeft = 0;
  for (const refusesCredits of ["envelope", "status"] as const) {
    Object.assign(simulator.switches, { refusesCredits, maxConcurrent: 9 });
    await assert.rejects(open(harness), code("vendor_credits"));
  }
  assert.deepEqual(simulator.left(), before);
});

test("by names alone, as a crash leaves them, everything is found and deleted, in the order of use", async () => {
  await using harness = await liveavatarHarness();
  const before = harness.simulator.left();
  const recorded: VendorResource[] = [];
  const binding = { onResource: async (resource: VendorResource) => void recorded.push(resource) };
  await open(harness, { binding });
  const other = await open(harness);
  const names = recorded.filter(({ kind }) => kind.endsWith("_name"));
  assert.equal(names.length, 3);
  await harness.adapter.release([...names, recorded.find(({ kind }) => kind === "session")!]);
  await harness.adapter.release(other.resources);
  assert.deepEqual(harness.simulator.left(), before);
  const deleted = harness.simulator.requests
    .filter(({ method }) => method === "DELETE")
    .map(({ path }) => path);
  assert.deepEqual(
    deleted.map((path) => path.split("/")[2]),
    ["llm-configurations", "secrets", "contexts", "llm-configurations", "secrets", "contexts"],
  );
});

test("what cannot be deleted now is told, and the rest is deleted all the same", async () => {
  await using harness = await liveavatarHarness();
  const { resources } = await open(harness);
  const { simulator, adapter } = harness;
  const before = simulator.left();
  simulator.switches.failNext = 1;
  await assert.rejects(adapter.release(resources), code("vendor_failed"));
  assert.deepEqual(simulator.left(), {
    ...before,
    contexts: 1,
    secrets: 0,
    llmConfigurations: 0,
    sessions: 1,
  });
  await adapter.release(resources);
  assert.equal(simulator.left().sessions, 0);
});

test("validation names what does not fit, before anything is asked of LiveAvatar", async () => {
  await using harness = await liveavatarHarness();
  const problems = (vendor: Row, persona: Partial<VendorPersona> = {}, from = harness) =>
    from.adapter.validate({ ...PERSONA, ...persona, vendor }).join("\n");
  assert.equal(problems({}), "");
  assert.match(problems({}, { tools: [CLIENT_TOOL] }), /calls no tools \(look_up\).*custom_llm to true/);
  assert.match(problems({ llm_settings: { model: "gpt-4o-mini" } }), /custom_llm/);
  assert.match(problems({ dynamic_variables: { a: "b" } }), /shared_context or voice_agent/);
  assert.match(problems({ dynamic_variables: { ["k".repeat(65)]: "b" } }), /dynamic_variables/);
  assert.match(problems({ dynamic_variables: { a: "b".repeat(1_001) } }), /1000 characters/);
  assert.match(problems({ voice_id: "anna" }), /vendors\.liveavatar\.voice_id/);

  await using shared = await liveavatarHarness({ strategy: "shared_context" });
  const many = Object.fromEntries(Array.from({ length: 42 }, (_, i) => [`v${i}`, ""]));
  assert.match(problems({ dynamic_variables: many }, {}, shared), /51 dynamic_variables.*takes 50/);
  assert.match(
    problems({ dynamic_variables: { briefing_1: "" } }, {}, shared),
    /briefing_1 is set by Astrocyte/,
  );
  assert.match(problems({ links: [{ url: "https://x.test", faq: "f" }] }, {}, shared), /stored context/);
  await using agent = await liveavatarHarness({ strategy: "voice_agent" });
  assert.match(
    problems({ stt_config: { provider: "gladia" } }, {}, agent),
    /belongs to the stored voice agent/,
  );

  const without = (config: Partial<LiveAvatarConfigInput>) =>
    liveavatarHarness({ avatar_id: undefined, ...config });
  await using bare = await without({});
  assert.match(problems({}, {}, bare), /an avatar is needed/);
  await using sandbox = await without({ is_sandbox: true });
  assert.equal(problems({}, {}, sandbox), "", "the sandbox has an avatar of its own");
});

test("settings of HeyGen's streaming API are met with what replaced them", async () => {
  await using harness = await liveavatarHarness();
  const vendor = { avatar_name: "Wayne", knowledge_base: "You are a coach.", voice: { rate: 1 } };
  const problems = harness.adapter.validate({ ...PERSONA, vendor });
  assert.equal(problems.length, 3);
  assert.match(problems.join("\n"), /avatar_name is of HeyGen's old streaming API.*avatar_id/);
  assert.match(problems.join("\n"), /knowledge_base .*prompt and briefing become a LiveAvatar context/);
  await assert.rejects(open(harness, { persona: { vendor } }), code("invalid_input"));
  const old = { api_key: "key", avatar_name: "Wayne", activity_idle_timeout: 120 };
  assert.throws(
    () => parseLiveAvatarConfig(old),
    (error: AstrocyteError) => {
      assert.match(
        error.message,
        /presentation\.liveavatar\.activity_idle_timeout .*keeps the session alive/,
      );
      return code("config_invalid")(error);
    },
  );
});

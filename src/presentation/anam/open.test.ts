import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { silentLogger } from "../../core/telemetry.ts";
import { BRIEFING, bindingFor, CLIENT_TOOL, SERVER_TOOL } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { OpenedSession } from "../adapter.ts";
import { asRow } from "../read.ts";
import { createAnamAdapter } from "./adapter.ts";
import type { AnamConfigInput } from "./config.ts";
import { AVATAR, anamHarness, VOICE } from "./harness.fixture.ts";
import { FakeAnamClient } from "./simulator-page.ts";
import { ANAM_LLM } from "./simulator-world.ts";

async function world(config: Partial<AnamConfigInput> = {}) {
  const clock = new FakeClock();
  const harness = await anamHarness(config, clock);
  const { simulator, alone, persona } = harness;
  const binding = bindingFor("anam");
  const bodyOf = (path: string) =>
    asRow(simulator.requests.findLast(({ request }) => request === `POST ${path}`)?.body);
  const start = async ({ join }: OpenedSession) => {
    const page = new FakeAnamClient(join.token!, join.url);
    await page.streamToVideoElement("avatar");
    return page;
  };
  return {
    ...{ clock, simulator, adapter: alone, persona, binding, bodyOf, start },
    open: (over = {}) => alone.open(BRIEFING, { ...persona, ...over }, binding),
    handle: { sessionId: binding.sessionId, vendorSessionId: binding.marker, resources: [] },
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

const is = (code: ErrorCode) => (error: unknown) => AstrocyteError.is(error, code);

test("a model of the session's own, then a token with everything in it: briefing, limits, tools", async () => {
  await using all = await world();
  const { binding, bodyOf } = all;
  const vendor = { avatar_model: "cara-4", director_notes: { presetStyle: "warm" } };
  const opened = await all.open({ vendor: { ...vendor, session_options: { videoQuality: "auto" } } });
  assert.deepEqual(bodyOf("/v1/llms"), {
    displayName: binding.marker,
    urls: [{ url: `${binding.brain.baseUrl}/chat/completions` }],
    llmFormat: "openai",
    modelName: "astrocyte",
    secret: binding.brain.apiKey,
  });
  const [{ id: llmId } = { id: "" }] = opened.resources.filter(({ kind }) => kind === "llm");
  assert.deepEqual(bodyOf("/v1/auth/session-token"), {
    clientLabel: binding.marker,
    personaConfig: {
      ...{ name: "coach", avatarId: AVATAR, voiceId: VOICE, llmId, avatarModel: "cara-4" },
      ...{ systemPrompt: BRIEFING.text, initialMessage: BRIEFING.greeting, languageCode: "en" },
      ...{ maxSessionLengthSeconds: 600, directorNotes: { presetStyle: "warm" } },
      tools: [
        {
          ...{ type: "client", name: "look_up", description: CLIENT_TOOL.description },
          ...{ parameters: CLIENT_TOOL.parameters, awaitResult: true, toolTimeoutSeconds: 30 },
        },
        {
          ...{ type: "server", subtype: "webhook", name: "change_address", method: "POST" },
          ...{ description: SERVER_TOOL.description, parameters: SERVER_TOOL.parameters },
          ...{ url: binding.tools.url, awaitResponse: false },
          headers: {
            "x-astrocyte-tool-secret": binding.tools.secret,
            "x-astrocyte-tool": "change_address",
          },
        },
      ],
    },
    sessionOptions: { videoQuality: "auto" },
  });
  const { token, ...join } = opened.join;
  const expiresAt = all.clock.now() + 3_600_000;
  assert.deepEqual(join, { kind: "anam", url: all.simulator.url, expiresAt, data: { tools: ["look_up"] } });
  assert.equal(all.simulator.left().sessions, 0, "nothing is billed before the page comes");
});

test("settings choose the model's address, whose model answers, and who knows the briefing", async () => {
  await using base = await world({ llm_url: "base", briefing: "brain", tools: "brain" });
  await base.adapter.open({ text: "A secret." }, { ...base.persona, tools: [] }, base.binding);
  assert.deepEqual(base.bodyOf("/v1/llms")["urls"], [{ url: base.binding.brain.baseUrl }]);
  const config = asRow(base.bodyOf("/v1/auth/session-token")["personaConfig"]);
  assert.equal(config["skipGreeting"], true);
  assert.ok(!JSON.stringify(config).includes("A secret.") && !("tools" in config));

  await using own = await world({ custom_llm: false });
  await own.open();
  const told = asRow(own.bodyOf("/v1/auth/session-token")["personaConfig"]);
  assert.deepEqual([told["llmId"], told["systemPrompt"]], [ANAM_LLM, BRIEFING.text]);
  assert.deepEqual(own.bodyOf("/v1/llms"), {});
});

test("a configuration that contradicts itself, and a persona without an avatar, are refused", () => {
  const deps = { clock: new FakeClock(), logger: silentLogger, sink: async () => {} };
  const wrong = { api_key: "k", custom_llm: false, briefing: "brain" } as const;
  assert.throws(() => createAnamAdapter(wrong, deps), /briefing: brain needs custom_llm/);
  const adapter = createAnamAdapter({ api_key: "k", custom_llm: false }, deps);
  const persona = { id: "p", prompt: "", language: "de", tools: [], vendor: {} };
  assert.deepEqual(
    adapter.validate(persona).map((problem) => problem.split(" ")[0]),
    ["vendors.anam.avatar_id", "vendors.anam.voice_id", "vendors.anam.llm_id"],
  );
});

test("what Anam refuses has a code that says what to do, and leaves nothing", async () => {
  const refusals: Array<[{ status: number; body?: object }, ErrorCode]> = [
    [{ status: 429, body: { error: "Concurrent session limit reached" } }, "vendor_capacity"],
    [{ status: 429, body: { error: "Spend cap reached" } }, "vendor_credits"],
    [{ status: 429 }, "vendor_rate_limited"],
    [{ status: 400 }, "vendor_invalid"],
    [{ status: 403 }, "vendor_auth"],
    [{ status: 503 }, "vendor_failed"],
  ];
  await using all = await world();
  for (const [refusal, code] of refusals) {
    all.simulator.faults.refuseToken = refusal;
    await assert.rejects(all.open(), is(code), code);
    assert.equal(all.simulator.left().llms, 0);
  }
  all.simulator.faults.concurrency = 0;
  await assert.rejects(all.open(), is("vendor_capacity"));
  assert.deepEqual(all.simulator.left(), { sessions: 0, llms: 0 });
});

test("all that a page started with its token is stopped, and nobody else's", async () => {
  await using all = await world();
  const { simulator, adapter, handle, binding } = all;
  const opened = await all.open();
  const longer = bindingFor("anam", { marker: `${binding.marker}0` });
  await all.start(await adapter.open(BRIEFING, all.persona, longer));
  assert.equal(await adapter.isOpen!(handle), undefined, "nobody has come yet");
  await all.start(opened);
  await all.start(opened);
  assert.equal(await adapter.isOpen!(handle), true);
  await adapter.end(handle, "test");
  assert.equal(await adapter.isOpen!(handle), false);
  assert.deepEqual(
    simulator.sessionsOf(longer.marker).map(({ endedAt }) => endedAt),
    [undefined],
  );
  // Its model is gone, so an old token starts nothing.
  await adapter.release(opened.resources);
  await assert.rejects(all.start(opened), /400/);
});

test("a stop that the engine refuses is a success only where the session is over", async () => {
  await using all = await world();
  const { simulator, adapter, handle } = all;
  await all.start(await all.open());
  const [session] = simulator.sessionsOf(handle.vendorSessionId);
  const [one, other] = await Promise.allSettled([adapter.end(handle, "a"), adapter.end(handle, "b")]);
  assert.deepEqual([one.status, other.status], ["fulfilled", "fulfilled"]);
  assert.ok(session!.endedAt !== undefined);
});

test("the sweep reads no further than a day back, and a page's token ends by itself", async () => {
  await using all = await world();
  const { simulator, adapter, clock } = all;
  await all.start(await all.open());
  assert.equal((await adapter.listOpen!()).length, 1);
  await clock.advance(600_000);
  assert.deepEqual(await adapter.listOpen!(), [], "its maximum length has passed");
  await clock.advance(48 * 3_600_000);
  for (let i = 0; i < 150; i++) {
    await all.start(await all.open());
    simulator.sessionsOf(all.binding.marker).forEach(({ id }) => void simulator.end(id));
  }
  await clock.advance(48 * 3_600_000);
  const before = simulator.requests.length;
  await adapter.listOpen!();
  assert.equal(simulator.requests.length - before, 1, "the first page is old already");
});

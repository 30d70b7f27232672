import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { collect } from "../../testing/collect.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { createLiveAvatarApi, type LiveAvatarApiOptions } from "./api.ts";
import { classify } from "./errors.ts";
import { AVATAR } from "./harness.fixture.ts";
import { createLiveAvatarSimulator } from "./simulator.ts";

async function world(options: Partial<LiveAvatarApiOptions> = {}) {
  const clock = new FakeClock();
  const simulator = await createLiveAvatarSimulator({ clock });
  const { url: baseUrl, apiKey } = simulator;
  const api = createLiveAvatarApi({
    ...{ baseUrl, apiKey, successCodes: [1000, 100], timeoutMs: 5_000, clock },
    ...options,
  });
  return {
    clock,
    simulator,
    api,
    async [Symbol.asyncDispose]() {
      await api.close();
      await simulator.close();
    },
  };
}

const code = (expected: ErrorCode) => (error: unknown) => AstrocyteError.is(error, expected);

test("calls of the account carry the key alone, start carries the session's token alone", async () => {
  await using all = await world();
  const body = { avatar_id: AVATAR, avatar_persona: {} };
  const { sessionId, sessionToken } = await all.api.sessions.token(body);
  const { url, token } = await all.api.sessions.start(sessionToken);
  await all.api.sessions.keepAlive(sessionId);
  await all.api.sessions.stop(sessionId, "USER_CLOSED");
  assert.ok(url.startsWith("ws://") && token.split(".").length === 3);
  assert.deepEqual(
    all.simulator.requests.map(({ path, auth, status }) => `${path} ${auth} ${status}`),
    [
      "/v1/sessions/token key 200",
      "/v1/sessions/start session 201",
      "/v1/sessions/keep-alive key 200",
      "/v1/sessions/stop key 200",
    ],
  );
  assert.equal(all.simulator.session(sessionId).endReason, "USER_CLOSED");
});

test("an error code inside a 200 is an error, and a success by either code is none", async () => {
  await using all = await world();
  const { sessionToken } = await all.api.sessions.token({ avatar_id: AVATAR, avatar_persona: {} });
  all.simulator.switches.creditsLeft = 0;
  await assert.rejects(all.api.sessions.start(sessionToken), (error: AstrocyteError) => {
    assert.deepEqual([error.code, error.details["code"]], ["vendor_credits", 4002]);
    assert.doesNotMatch(error.message, /Insufficient/, "the vendor's own text is not repeated");
    return true;
  });
  all.simulator.switches.successCode = 100;
  assert.equal(await all.api.creditsLeft(), "0.0");
  await using strict = await world({ successCodes: [1000] });
  strict.simulator.switches.successCode = 100;
  await assert.rejects(strict.api.creditsLeft(), code("vendor_failed"));
});

test("refusals by status, by LiveAvatar's text and by FastAPI's detail", async () => {
  await using all = await world();
  const { sessions, contexts } = all.api;
  await assert.rejects(sessions.token({ avatar_id: "x", avatar_persona: {} }), code("vendor_invalid"));
  await assert.rejects(sessions.token({ avatar_id: AVATAR }), code("vendor_invalid"));
  await assert.rejects(contexts.remove(AVATAR), code("vendor_not_found"));
  await assert.rejects(contexts.remove(".."), code("vendor_not_found"));
  await assert.rejects(sessions.stop(AVATAR, "UNKNOWN"), code("vendor_not_found"));
  await assert.rejects(sessions.start("no token of theirs"), code("vendor_auth"));
  all.simulator.switches.badKey = true;
  await assert.rejects(all.api.creditsLeft(), code("vendor_auth"));

  const known: Array<[status: number, body: unknown, ErrorCode | undefined]> = [
    [400, { message: "LLM configuration with id 'x' not found in your space" }, "vendor_not_found"],
    [400, { data: [{ message: "Concurrency limit reached" }] }, "vendor_capacity"],
    [403, { data: { message: "Out of credits" } }, "vendor_credits"],
    [400, { detail: "Too many requests" }, "vendor_rate_limited"],
    [400, { detail: [{ msg: "Insufficient credits" }] }, "vendor_credits"],
    [422, { detail: [{ msg: "context not found" }] }, undefined],
    [500, { message: "credits" }, undefined],
    [400, "no json", undefined],
  ];
  for (const [status, body, expected] of known)
    assert.equal(classify(status, typeof body === "string" ? body : JSON.stringify(body)), expected);
});

test("a read waits as long as a 429 asks, a create is not sent twice", async () => {
  await using all = await world();
  all.simulator.switches.rateLimitNext = 1;
  const reading = all.api.creditsLeft();
  while (all.simulator.requests.length === 0 || all.clock.pending < 2)
    await new Promise((resolve) => setImmediate(resolve));
  await all.clock.advance(1_000);
  assert.equal(await reading, "1000.0");

  all.simulator.switches.rateLimitNext = 1;
  const create = all.api.contexts.create({ name: "n", prompt: "p", opening_text: "o" });
  await assert.rejects(
    create,
    (error: AstrocyteError) => error.retryable && code("vendor_rate_limited")(error),
  );
  assert.deepEqual(
    all.simulator.requests.map(({ status }) => status),
    [429, 200, 429],
  );
});

test("lists are read to their end, page by page, and secrets never come back", async () => {
  await using all = await world();
  const make = (n: number) => {
    const value = `key-${n}`;
    return all.api.secrets.create({
      secret_name: `s${n}`,
      secret_value: value,
      secret_type: "OPENAI_API_KEY",
    });
  };
  for (let n = 0; n < 101; n++) await make(n);
  const found = await collect(all.api.secrets.all());
  assert.equal(new Set(found.map(({ name }) => name)).size, 101);
  assert.ok(!JSON.stringify(found).includes("key-"));
  const lists = all.simulator.requests.filter(({ method }) => method === "GET");
  assert.deepEqual(
    lists.map(({ query }) => query["page"]),
    ["1", "2"],
  );
  await assert.rejects(
    all.api.secrets.create({ secret_name: "s", secret_value: "v", secret_type: "LLM_API_KEY" }),
    code("vendor_invalid"),
  );
});

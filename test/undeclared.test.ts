import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Capabilities, PresentationAdapter } from "../src/presentation/adapter.ts";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";
import { sampleWithEveryVendor } from "./end-to-end/sample.ts";

/* What an adapter does not declare does not exist, for whoever asks, and costs nothing. */

let all: Awaited<ReturnType<typeof sampleWithEveryVendor>>;
before(async () => {
  all = await sampleWithEveryVendor(createScriptedLLM());
});
after(() => all[Symbol.asyncDispose]());

async function refused(path: string, body: unknown, status: number, code: string): Promise<void> {
  const answer = await all.call(path, { body });
  assert.deepEqual([answer.status, answer.json?.["code"]], [status, code], `${path}: ${answer.text}`);
}

const adapters = (): PresentationAdapter[] => [...all.gateway.composer.parts.adapters.values()];

test("calls, callbacks and sockets of a vendor that has none", async () => {
  for (const { vendor, capabilities, sessionOfWebhook } of adapters()) {
    if (!capabilities.inbound) await refused(`/v1/inbound/${vendor}`, "{}", 422, "not_supported");
    if (!sessionOfWebhook) await refused(`/v1/webhooks/${vendor}`, "{}", 422, "not_supported");
    await refused(`/v1/webhooks/${vendor}/guessed`, "{}", 401, "unauthenticated");
    await refused(`/v1/tools/${vendor}/guessed`, "{}", 401, "unauthenticated");
  }
  const { sessions } = (await all.call("/v1/sessions?limit=10")).json as { sessions: unknown[] };
  assert.deepEqual(sessions, []);
  assert.ok(Object.values(all.left()).every((count) => count === 0));
});

const COMMANDS: Array<[string, (capabilities: Capabilities) => string, object]> = [
  ["say", ({ say }) => say, { text: "One moment." }],
  ["respond", ({ respond }) => respond, { text: "I ran." }],
  ["interrupt", ({ interrupt }) => interrupt, {}],
  ["context", ({ appendContext }) => appendContext, { text: "The cart is empty." }],
];

test("commands that a vendor does not take", async () => {
  for (const { vendor, capabilities } of adapters()) {
    const body = { vendor, persona: "support", subject: "user:anna", consent: "memory" };
    const { json, status, text } = await all.call("/v1/sessions", { body });
    assert.equal(status, 201, text);
    const path = `/v1/sessions/${String(json["session_id"])}`;
    for (const [name, side, order] of COMMANDS)
      if (side(capabilities) === "none") await refused(`${path}/${name}`, order, 422, "not_supported");
    assert.equal((await all.call(`${path}/end`, { body: {} })).status, 200);
  }
  assert.ok(
    Object.values(all.left()).every((count) => count === 0),
    JSON.stringify(all.left()),
  );
});

test("signs of life are given where they are wanted, and nowhere else", () => {
  for (const { capabilities, keepAlive } of adapters())
    assert.equal(keepAlive !== undefined, capabilities.keepAliveMs !== undefined);
});

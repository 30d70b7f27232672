import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { APP_KEY } from "../gateway.fixture.ts";
import { MEMORY, world } from "./elevenlabs.fixture.ts";

const SECRET = "inbound-secret-of-the-number";
const HEADERS = { "x-astrocyte-inbound-secret": SECRET };
const ANNA = "+351912345678";
const OURS = "+4930123456";

/** The shared agent has a number, and a webhook tool as docs/vendors/elevenlabs.md tells to set it up. */
async function telephone(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-phone-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "customers.json");
  await writeFile(path, JSON.stringify([{ id: "anna", phone: "+351 912 345 678", city: "Lisbon" }]));
  const fields = { city: { label: "City" }, phone: { sensitivity: "private" } };
  const persona = { name: "Mara", prompt: "The prompt of Mara.", greeting: "Hello from {{city}}." };
  const all = await world({
    shared: true,
    elevenlabs: { inbound_secret: SECRET },
    changes: {
      sources: { customers: { kind: "file", path, key: "id", fields } },
      personas: { support: { ...persona, sources: ["customers"], tools: ["remember"] } },
      inbound: {
        elevenlabs: {
          ...{ persona: "support", as: "service:app", consent: "memory", unknown: "decline" },
          caller: { source: "customers", field: "phone" },
        },
      },
    },
  });
  t.after(() => all[Symbol.asyncDispose]());
  const { simulator, agentId, url } = all;
  simulator.setInitiation({ url: `${url}/v1/inbound/elevenlabs`, headers: HEADERS });
  const remember = simulator.makeTool({
    ...{ type: "webhook", name: "remember", description: "Remembers a fact." },
    api_schema: {
      ...{ url: `${url}/v1/tools/elevenlabs/{call}`, method: "POST" },
      path_params_schema: { call: { type: "string", dynamic_variable: "astrocyte_call" } },
      request_headers: { "x-astrocyte-tool-secret": { variable_name: "secret__astrocyte_tools" } },
      request_body_schema: {
        type: "object",
        properties: {
          fact: { type: "string", description: "The fact" },
          astrocyte_tool: { type: "string", constant_value: "remember" },
          astrocyte_conversation: { type: "string", dynamic_variable: "system__conversation_id" },
          astrocyte_time: { type: "string", dynamic_variable: "system__time_utc" },
        },
      },
    },
  });
  const config = simulator.agent(agentId).body["conversation_config"] as {
    agent: { prompt: { tool_ids: string[] } };
  };
  config.agent.prompt.tool_ids = [remember];
  const sessions = async () =>
    (await all.call("/v1/sessions", { key: APP_KEY })).json["sessions"] as Array<Record<string, unknown>>;
  return { ...all, sessions, ring: (from: string) => simulator.ring({ agentId, from, to: OURS }) };
}

test("a telephone call, end to end: who calls, the greeting, the brain, a tool, the webhook, memory", async (t) => {
  const all = await telephone(t);
  const { simulator, clock } = all;
  const caller = await all.ring(ANNA);
  assert.deepEqual(caller!.heard, ["Hello from Lisbon."]);
  assert.match((await caller!.say(MEMORY))!, /^So it is done: .*Remembered/);
  await clock.advance(3_600);
  const [open] = await all.sessions();
  assert.equal(open!["state"], "live", "the person is on the line");
  assert.ok(!JSON.stringify(caller!.answer.data).includes("The prompt of Mara"));
  caller!.hangUp();
  await simulator.idle();
  const id = String(open!["session_id"]);
  await all.call(`/v1/sessions/${id}/events`, { key: APP_KEY });
  const [over] = await all.sessions();
  assert.deepEqual(
    [over!["state"], over!["end_reason"], over!["subject"]],
    ["ended", "person_left", "user:anna"],
  );
  const options = { bankId: "person:anna", context: { principal: "service:app" } };
  const { hits } = await all.memory.recall("What is the name of the sister?", options);
  assert.ok(hits.some(({ text }) => text.includes("Miriam")));
});

test("a call that goes on longer than a page may be awaited is not cut off", async (t) => {
  const all = await telephone(t);
  const caller = await all.ring(ANNA);
  await caller!.say("I ran ten kilometres.");
  await all.composer.runDue();
  await all.clock.advance(5 * 60_000);
  await all.composer.runDue();
  assert.equal(await caller!.say("And then I swam."), "Good to hear.");
  caller!.hangUp();
});

test("strangers hear why and nothing is kept of them; a forged call opens nothing", async (t) => {
  const all = await telephone(t);
  const stranger = await all.ring("+4915112345678");
  assert.match(stranger!.heard[0]!, /cannot be taken/);
  assert.equal(
    await stranger!.say("Hello?"),
    undefined,
    "the brain has no answer for a call that we declined",
  );
  assert.deepEqual(await all.sessions(), []);
  const body = { caller_id: ANNA, agent_id: all.agentId, called_number: OURS, call_sid: "CA1" };
  for (const headers of [{}, { "x-astrocyte-inbound-secret": "wrong" }])
    assert.equal((await all.call("/v1/inbound/elevenlabs", { body, headers })).status, 401);
  assert.deepEqual(await all.sessions(), []);
});

test("the same call asked about twice is one session with one answer", async (t) => {
  const all = await telephone(t);
  const body = { caller_id: ANNA, agent_id: all.agentId, called_number: OURS, call_sid: "CA1" };
  const ask = () => all.call("/v1/inbound/elevenlabs", { body, headers: HEADERS });
  const [first, second] = [await ask(), await ask()];
  assert.equal(first.status, 200);
  assert.deepEqual(second.json, first.json);
  assert.equal((await all.sessions()).length, 1);
});

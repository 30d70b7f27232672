import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { AstrocyteError } from "../../core/errors.ts";
import { createElevenLabsApi } from "./api.ts";
import { createElevenLabsSimulator } from "./simulator.ts";

async function world() {
  const simulator = await createElevenLabsSimulator();
  const api = createElevenLabsApi({
    ...{ baseUrl: `${simulator.url}/`, apiKey: simulator.apiKey, timeoutMs: 5_000, clock: systemClock },
  });
  return {
    ...{ simulator, api },
    async [Symbol.asyncDispose]() {
      await api.close();
      await simulator.close();
    },
  };
}

test("lists of any length are read page by page, by the start of the name", async () => {
  await using all = await world();
  for (let n = 0; n < 205; n++) all.simulator.makeSecret(`ours ${n}`, "x");
  all.simulator.makeSecret("other", "x");
  const names: string[] = [];
  for await (const { name } of all.api.secrets.all("ours")) names.push(name);
  assert.deepEqual([names.length, names[0], names.at(-1)], [205, "ours 0", "ours 204"]);
  assert.equal(all.simulator.requests.length, 3);
});

test("one of each kind is made, read and removed; what is gone is told as gone", async () => {
  await using all = await world();
  const { api } = all;
  const id = await api.agents.create({ name: "Ours", conversation_config: {} });
  assert.equal((await api.agents.get(id))["name"], "Ours");
  await api.agents.remove(id);
  const refused = [
    () => api.agents.get(id),
    () => api.agents.remove(id),
    () => api.agents.remove(".."),
    () => api.tools.remove(""),
  ];
  for (const work of refused)
    await assert.rejects(work(), (error) => AstrocyteError.is(error, "vendor_not_found"));
});

test("a conversation's id is read where it stands, and its record can be erased", async () => {
  await using all = await world();
  const { api, simulator } = all;
  const agent = simulator.makeAgent({ name: "Ours", conversation_config: {} });
  for (const place of ["url", "body"] as const) {
    simulator.faults.conversationId = place;
    const { url, conversationId } = await api.conversations.signedUrl(agent, true);
    await (await simulator.join(url)).leave();
    assert.equal(simulator.conversations().at(-1), conversationId);
  }
  simulator.faults.conversationId = "none";
  assert.equal("conversationId" in (await api.conversations.signedUrl(agent, true)), false);
  assert.equal("conversationId" in (await api.conversations.signedUrl(agent, false)), false);
  assert.match((await api.conversations.token(agent)).conversationId!, /^conv_/);
  const [newest, oldest] = await api.conversations.list({ agentId: agent });
  assert.deepEqual([newest!.status, newest!.agentId], ["done", agent]);
  await api.conversations.remove(oldest!.id);
  assert.deepEqual(await api.conversations.list({ agentId: agent }), [newest]);
});

test("only reads and deletes are ever repeated", async () => {
  await using all = await world();
  const { api, simulator } = all;
  simulator.faults.loseAnswerOf = "POST /v1/convai/secrets";
  await assert.rejects(api.secrets.create({ type: "new", name: "a", value: "b" }));
  assert.equal(simulator.requests.length, 1);
  const refuse = { status: 429, body: { detail: { status: "system_busy", message: "x" } } };
  simulator.faults.refuseNext = { call: "GET /v1/convai/agents", ...refuse, headers: { "retry-after": "0" } };
  const found: unknown[] = [];
  for await (const each of api.agents.all()) found.push(each);
  assert.deepEqual(found, []);
  assert.equal(simulator.requests.length, 3);
});

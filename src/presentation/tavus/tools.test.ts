import assert from "node:assert/strict";
import { test } from "node:test";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import { PERSONA, tavusHarness } from "./harness.fixture.ts";
import type { Row } from "./shape.fixture.ts";

test("tools that the page relays are shared by all sessions; a changed one stands beside its former self", async () => {
  await using harness = await tavusHarness();
  const { adapter, simulator } = harness;
  const relayed = { ...PERSONA, tools: PERSONA.tools.slice(0, 1) };
  await Promise.all([1, 2, 3].map(() => adapter.open(BRIEFING, relayed, bindingFor("tavus"))));
  assert.equal(simulator.left().tools, 1);
  const again = await tavusHarness({ base_url: simulator.url });
  await again.adapter.open(BRIEFING, relayed, bindingFor("tavus"));
  assert.equal(simulator.left().tools, 1, "another process");
  await again.destroy();
  const changed = { ...relayed, tools: [{ ...relayed.tools[0]!, description: "Looks it up." }] };
  await adapter.open(BRIEFING, changed, bindingFor("tavus"));
  assert.equal(simulator.left().tools, 2);
  const created = simulator.requests.filter(({ method, path }) => method === "POST" && path === "/v2/tools");
  const { name, ...tool } = created[0]!.body as Row;
  assert.match(String(name), /^look_up__[0-9a-f]{10}$/);
  assert.deepEqual(tool, {
    description: "Looks something up.",
    parameters: PERSONA.tools[0]!.parameters,
    on_call: "generate_filler",
    on_resolve: "generate_response",
    delivery: { app_message: true },
    tags: ["astrocyte"],
  });
});

test("tools that Tavus calls carry the session's secret and go with it", async () => {
  await using harness = await tavusHarness();
  const { adapter, simulator } = harness;
  const binding = bindingFor("tavus");
  const opened = await adapter.open(BRIEFING, PERSONA, binding);
  await adapter.open(BRIEFING, PERSONA, bindingFor("tavus"));
  assert.equal(simulator.ownTools(), 2);
  const own = simulator.requests
    .filter(({ method, path }) => method === "POST" && path === "/v2/tools")
    .map(({ body }) => body as Row)
    .find((body) => JSON.stringify(body).includes(binding.tools.secret))!;
  assert.deepEqual(own["delivery"], {
    app_message: false,
    api: {
      url: binding.tools.url,
      method: "POST",
      timeout: 30,
      auth: { type: "hmac", secret: binding.tools.secret },
    },
  });
  assert.equal(own["on_resolve"], "add_to_context");
  await adapter.release(opened.resources);
  assert.equal(simulator.ownTools(), 1);
});

test("a shared tool that somebody deleted at Tavus is made anew", async () => {
  await using harness = await tavusHarness();
  const { adapter, simulator } = harness;
  await adapter.open(BRIEFING, PERSONA, bindingFor("tavus"));
  const made = simulator.requests.filter(({ path, query }) => path === "/v2/tools" && query["name_or_uuid"]);
  const name = String(made[0]!.query["name_or_uuid"]);
  const headers = { "x-api-key": simulator.apiKey };
  const found = await fetch(`${simulator.url}/v2/tools?name_or_uuid=${name}`, { headers });
  const { data } = (await found.json()) as { data: Array<{ tool_id: string }> };
  await fetch(`${simulator.url}/v2/tools/${data[0]!.tool_id}`, { method: "DELETE", headers });
  await adapter.open(BRIEFING, PERSONA, bindingFor("tavus"));
  assert.equal(simulator.left().tools, 3);
});

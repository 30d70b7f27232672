import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedAdapter } from "../../testing/scripted-adapter.ts";
import { boundSessions } from "../bound.ts";
import { makeComposer, REQUEST } from "../composer.fixture.ts";
import type { ToolDefinition } from "./definitions.ts";
import type { BrainTools } from "./in-brain.ts";

const paid: unknown[] = [];
const pay: ToolDefinition = {
  name: "pay",
  description: "Pays.",
  parameters: { type: "object", properties: { euros: { type: "integer" } }, required: ["euros"] },
  result: "speak",
  delivery: "server",
  confirm: true,
  async run(args) {
    paid.push(args);
    return { output: "Paid." };
  },
};

async function world(capabilities: ConstructorParameters<typeof ScriptedAdapter>[1]) {
  paid.length = 0;
  const vendor = new ScriptedAdapter("scripted", capabilities);
  const made = await makeComposer([pay], { adapters: new Map([["scripted", vendor]]) });
  const { session } = await made.composer.open(REQUEST);
  const { apiKey } = vendor.bindings[0]!.brain;
  const bound = await boundSessions(made.parts).bySessionKey(apiKey);
  assert.ok(typeof bound === "object");
  const running = [...vendor.running.values()][0]!;
  const told = running.persona.tools.map(({ name }) => name);
  return { ...made, vendor, id: session.id, tools: bound.tools, told, [Symbol.asyncDispose]: made.destroy };
}

const IN_BRAIN = { tools: "none", customLlm: "openai-base-url" } as const;

function calling(tools: BrainTools | undefined) {
  return (turn: string, name: string, args: object | string = {}) =>
    tools!.run({ turn, name, arguments: typeof args === "string" ? args : JSON.stringify(args) });
}

test("only where the vendor calls no tools and the model is ours does the brain run them", async () => {
  const all = ["remember", "forget_last", "end_call", "pay"];
  for (const [capabilities, byVendor, byBrain] of [
    [IN_BRAIN, [], all],
    [{ ...IN_BRAIN, tools: "both" }, all, undefined],
    [{ ...IN_BRAIN, customLlm: "none" }, all, undefined],
  ] as const) {
    await using made = await world(capabilities);
    assert.deepEqual(made.told, byVendor);
    assert.deepEqual(
      made.tools?.offered.map(({ name }) => name),
      byBrain,
    );
  }
});

test("a turn that is asked for again runs nothing again; the next one does", async () => {
  await using made = await world(IN_BRAIN);
  const call = calling(made.tools);
  const fact = { fact: "Anna likes tea." };
  assert.equal(await call("1", "remember", fact), "Remembered.");
  assert.equal(await call("1", "remember", ' { "fact":  "Anna likes tea." }'), "Remembered.");
  assert.equal(made.memory.retained.length, 1);
  assert.equal(made.memory.retained[0]!.options.bankId, "person:anna");
  await call("2", "remember", fact);
  assert.equal(made.memory.retained.length, 2);
});

test("what wants a yes waits for the person: the same turn cannot give it, the next one can, for these arguments", async () => {
  await using made = await world(IN_BRAIN);
  const call = calling(made.tools);
  const asked = JSON.parse(await call("1", "pay", { euros: 5 })) as Record<string, unknown>;
  assert.equal(asked["needs_confirmation"], true);
  await call("1", "pay", { euros: 5, confirmation: asked["confirmation"] });
  await call("2", "pay", { euros: 500, confirmation: asked["confirmation"] });
  assert.deepEqual(paid, []);
  assert.equal(await call("2", "pay", { euros: 5 }), "Paid.");
  assert.deepEqual(paid, [{ euros: 5 }]);
});

test("wrong arguments, a tool of another persona and a session that is over are answers", async () => {
  await using made = await world(IN_BRAIN);
  const call = calling(made.tools);
  assert.match(await call("1", "remember", "no json"), /arguments of remember are wrong/);
  assert.match(await call("1", "recall", { question: "Who?" }), /not_found/);
  await made.composer.end(made.id, "test");
  assert.match(await call("2", "remember", { fact: "Late." }), /gone/);
  assert.equal(made.memory.retained.length, 0);
});

test("the agent ends the call once it has had time to say goodbye", async () => {
  await using made = await world(IN_BRAIN);
  assert.equal(await calling(made.tools)("1", "end_call"), "The conversation ends.");
  await made.clock.advance(5_000);
  await made.composer.runDue();
  assert.equal((await made.composer.get(made.id)).state, "open");
  await made.clock.advance(5_000);
  await made.composer.runDue();
  const { state, endReason } = await made.composer.get(made.id);
  assert.deepEqual([state, endReason], ["ended", "agent_ended"]);
});

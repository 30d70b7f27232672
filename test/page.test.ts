import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ScriptedAdapter } from "../src/testing/scripted-adapter.ts";
import { APP_KEY, makeGateway, openSession, type World } from "./gateway.fixture.ts";

const vendor = new ScriptedAdapter();
let world: World;
before(async () => {
  world = await makeGateway({}, { adapters: [vendor] });
});
after(() => world.destroy());

test("a page gets what its room needs, and results in the form that its channel takes", async () => {
  vendor.joinData = { tools: ["remember"] };
  vendor.toolResultInstruction = ({ vendorSessionId }, { toolCallId, name, status, output, result }) => ({
    room: vendorSessionId,
    answer: [toolCallId, name, status, output, result],
  });
  const opened = await openSession(world, { vendor: "scripted" });
  assert.deepEqual(opened.join, {
    kind: "scripted",
    url: "https://vendor.test/v1",
    data: { tools: ["remember"] },
  });
  const at = `/v1/sessions/${opened.session_id}`;
  assert.deepEqual((await world.call(at, { key: opened.session_token })).json["join"], opened.join);

  const body = { tool_call_id: "c1", name: "remember", arguments: { fact: "I like tea." } };
  const answer = await world.call(`${at}/tools`, { key: opened.session_token, body });
  const told = { tool_call_id: "c1", status: "success", output: "Remembered.", result: "silent" };
  const message = { room: "v1", answer: ["c1", "remember", "success", "Remembered.", "silent"] };
  assert.deepEqual(answer.json, { ...told, message });
  assert.deepEqual((await world.call(`${at}/tools`, { key: opened.session_token, body })).json, answer.json);
  await world.call(`${at}/end`, { key: APP_KEY, body: {} });
});

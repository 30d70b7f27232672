import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { bindingFor } from "../../testing/adapter/samples.ts";
import type { VendorTool, WebhookRequest } from "../adapter.ts";
import { asRow } from "../read.ts";
import { makeCall, toolCall } from "./call.fixture.ts";
import { elevenLabsPersona, parseElevenLabsConfig } from "./config.ts";
import { PERSONA } from "./harness.fixture.ts";
import { toolBody, toolProblems } from "./tools.ts";
import { parseToolRequest } from "./webhook.ts";

function request(body: string, secret?: string): WebhookRequest {
  return {
    url: "https://app.test/v1/tools/elevenlabs/x",
    body: new TextEncoder().encode(body),
    headers: secret === undefined ? {} : { "X-Astrocyte-Tool-Secret": secret },
    query: {},
    session: { sessionId: "ses_1", vendorSessionId: "agent_1", resources: [] },
  };
}

test("a tool that ElevenLabs calls carries the session's secret; its body is the call", async () => {
  await using call = await makeCall({ answer: () => replies.shift() ?? "Done." });
  const replies = [toolCall("change_address", { to: "Elm Street" })];
  const person = await call.join();
  person.say("I moved to Elm Street.");
  await person.next((message) => JSON.stringify(message).includes("Done."));
  const [made] = call.simulator.toolCalls;
  const secret = call.binding.tools.secret;
  const got = parseToolRequest(request(made!.body, made!.headers["x-astrocyte-tool-secret"]), secret);
  assert.deepEqual(
    { ...got, toolCallId: "" },
    { type: "tool_call", toolCallId: "", name: "change_address", arguments: '{"to":"Elm Street"}' },
  );
  const again = parseToolRequest(request(made!.body, secret), secret);
  assert.equal(again.toolCallId, got.toolCallId, "a repeat is the same call");
  const later = made!.body.replace(/"astrocyte_time":"[^"]+"/, '"astrocyte_time":"later"');
  assert.notEqual(parseToolRequest(request(later, secret), secret).toolCallId, got.toolCallId);
});

test("a tool call without the secret, with another's, or without a name is refused", () => {
  const body = '{"astrocyte_tool":"change_address","to":"x"}';
  for (const wrong of [undefined, "", "tool-secret-2"])
    assert.throws(
      () => parseToolRequest(request(body, wrong), "tool-secret-1"),
      (error) => AstrocyteError.is(error, "unauthenticated"),
    );
  for (const bad of ["", "[]", "{}", '{"astrocyte_tool":1}'])
    assert.throws(
      () => parseToolRequest(request(bad, "tool-secret-1"), "tool-secret-1"),
      (error) => AstrocyteError.is(error, "invalid_input"),
    );
});

test("a schema becomes what ElevenLabs takes of it, and what it cannot take is named", () => {
  const parameters = {
    type: "object",
    additionalProperties: false,
    properties: {
      day: { type: "string", enum: ["mon", "tue"], description: "The day" },
      count: { type: "integer", enum: [1, 2], minimum: 1 },
      note: { type: "string", maxLength: 9 },
      with: { type: "array", items: { type: "string" } },
      place: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
    required: ["day"],
  };
  const tool: VendorTool = { ...PERSONA.tools[0]!, parameters };
  const config = parseElevenLabsConfig({ api_key: "x" });
  const block = elevenLabsPersona.parse({});
  const body = toolBody(tool, { config, block, binding: bindingFor("elevenlabs"), secretId: undefined });
  assert.deepEqual(asRow(body["tool_config"])["parameters"], {
    type: "object",
    properties: {
      day: { type: "string", description: "The day", enum: ["mon", "tue"] },
      count: { type: "integer", description: "count (one of 1, 2)" },
      note: { type: "string", description: "note" },
      with: { type: "array", description: "with", items: { type: "string", description: "with" } },
      place: {
        type: "object",
        description: "place",
        properties: { city: { type: "string", description: "city" } },
        required: ["city"],
      },
    },
    required: ["day"],
  });
  assert.deepEqual(toolProblems(tool), []);
  const bad = {
    properties: {
      a: { type: ["string", "null"] },
      b: { type: "array", items: {} },
      astrocyte_tool: { type: "string" },
    },
  };
  assert.equal(toolProblems({ ...tool, parameters: bad }).length, 3);
});

test("the model's own call to end hangs up at ElevenLabs, whatever the page does", async () => {
  await using call = await makeCall({ answer: () => toolCall("end_call") });
  const person = await call.join();
  person.say("Goodbye.");
  assert.equal((await person.closed).code, 1000);
  await call.simulator.idle();
  const { turns, complete } = await call.adapter.fetchTranscript!(call.session);
  assert.equal(complete, true);
  assert.ok(turns.some(({ text }) => text === "Goodbye."));
  assert.equal(await call.adapter.isOpen!(call.session), false);
});

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import { startOpenAISimulator } from "../../testing/openai-simulator.ts";
import type { Binding, RunningCall } from "../adapter.ts";
import { asRow } from "../read.ts";
import { callback, elevenLabsHarness, INBOUND_SECRET, sharedAgent } from "./harness.fixture.ts";

const HEADERS = { "x-astrocyte-inbound-secret": INBOUND_SECRET };
const CALL = {
  caller_id: "+4915112345678",
  agent_id: "agent_1",
  called_number: "+4930123456",
  call_sid: "CA1",
};

/** As much of a gateway as answers the initiation webhook. */
async function world(answer: (call: { from: string; callId: string }) => Partial<Binding> | AstrocyteError) {
  const harness = await elevenLabsHarness({
    strategy: "shared_agent",
    inbound_secret: INBOUND_SECRET,
    dynamic_variables: { company: "Brightside" },
  });
  const model = await startOpenAISimulator({ answer: () => "It is open until ten." });
  const { adapter, simulator } = harness;
  const inbound = adapter.inbound!;
  const opened: RunningCall[] = [];
  const server = createServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray()).toString();
    try {
      const call = inbound.parse(callback({ headers: req.headers as Record<string, string>, body }));
      const made = answer(call);
      if (AstrocyteError.is(made)) {
        const { status, contentType, body } = inbound.decline(made);
        return void res.writeHead(status, { "content-type": contentType }).end(body);
      }
      const binding = bindingFor("elevenlabs", { ...made, inbound: call });
      const session = await adapter.open(BRIEFING, harness.persona, binding);
      const running = {
        session: { sessionId: binding.sessionId, ...session },
        ...{ briefing: BRIEFING, persona: harness.persona, binding },
      };
      opened.push(running);
      const { status, contentType, body: told } = inbound.accept(running);
      res.writeHead(status, { "content-type": contentType }).end(told);
    } catch (error) {
      res.writeHead(toAstrocyteError(error).status).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/inbound/elevenlabs`;
  simulator.setInitiation({ url, headers: HEADERS });
  const agentId = sharedAgent(simulator, { url: model.url, key: "account-brain-key" });
  return {
    ...{ ...harness, model, opened, agentId, url },
    ring: (from = CALL.caller_id) => simulator.ring({ agentId, from, to: CALL.called_number }),
    async [Symbol.asyncDispose]() {
      await simulator.close();
      await model.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

test("a telephone call is answered with what it begins with, and bound to its session by the brain", async () => {
  await using all = await world(() => ({}));
  const caller = await all.ring();
  assert.deepEqual(caller!.heard, [BRIEFING.greeting]);
  assert.equal(await caller!.say("How long is it open?"), "It is open until ten.");
  const [{ binding, session }] = all.opened as [RunningCall];
  assert.equal(binding.inbound!.from, CALL.caller_id);
  const { data } = caller!.answer;
  assert.equal(data["type"], "conversation_initiation_client_data");
  assert.ok(!JSON.stringify(data).includes(BRIEFING.text), "the briefing stays with the brain");
  assert.deepEqual(data["dynamic_variables"], {
    company: "Brightside",
    astrocyte_session: session.vendorSessionId,
    astrocyte_call: binding.tools.url.split("/").at(-1),
    secret__astrocyte_tools: binding.tools.secret,
  });
  assert.equal(data["user_id"], binding.personTag);
  const asked = all.model.requests[0]!;
  assert.equal(asked.headers["authorization"], "Bearer account-brain-key");
  assert.deepEqual(asked.body["elevenlabs_extra_body"], { astrocyte_context: binding.brain.contextToken });
  caller!.hangUp();
  await all.simulator.idle();
  const { turns, complete } = await all.adapter.fetchTranscript!(session);
  assert.equal(complete, true);
  assert.deepEqual(
    turns.map(({ text }) => text),
    [BRIEFING.greeting, "How long is it open?", "It is open until ten."],
  );
  const found = await all.adapter.sessionOfWebhook!(callback(all.simulator.webhooks.at(-1)!));
  assert.deepEqual(found, { vendorSessionId: session.vendorSessionId });
});

test("a webhook tool of one's own agent reaches the caller's session by its variables", async () => {
  await using all = await world(() => ({}));
  const tool = all.simulator.makeTool({
    type: "webhook",
    name: "remember",
    description: "Remembers.",
    api_schema: {
      url: `${all.url}/tools/{call}`,
      method: "POST",
      path_params_schema: { call: { type: "string", dynamic_variable: "astrocyte_call" } },
      request_headers: { "x-astrocyte-tool-secret": { variable_name: "secret__astrocyte_tools" } },
      request_body_schema: {
        type: "object",
        properties: {
          fact: { type: "string", description: "The fact" },
          astrocyte_tool: { type: "string", constant_value: "remember" },
        },
      },
    },
  });
  const caller = await all.ring();
  const conversation = all.simulator.conversation([...all.simulator.conversations()].at(-1)!);
  asRow(asRow(asRow(conversation.agent.body["conversation_config"])["agent"])["prompt"])["tool_ids"] = [tool];
  const args = '{"fact":"I like tea."}';
  all.model.reply({ toolCalls: [{ id: "c1", name: "remember", arguments: args }] });
  await caller!.say("I like tea.");
  const [made] = all.simulator.toolCalls;
  const [{ binding, session }] = all.opened as [RunningCall];
  assert.ok(made!.url.endsWith(`/tools/${binding.tools.url.split("/").at(-1)}`));
  const request = { ...callback(made!), session };
  const event = all.adapter.parseToolRequest!(request, binding.tools.secret);
  assert.deepEqual([event.name, event.arguments], ["remember", args]);
});

test("who cannot be served hears why, and the call is over at the first word", async () => {
  const refused = new AstrocyteError("not_found", "[sessions] nobody has this number.");
  await using all = await world(() => refused);
  all.model.fail({ kind: "status", status: 401 });
  const caller = await all.ring();
  assert.match(caller!.heard[0]!, /cannot be taken/);
  assert.equal(await caller!.say("Hello?"), undefined);
  assert.deepEqual(all.model.requests[0]!.body["elevenlabs_extra_body"], { astrocyte_context: "declined" });
  assert.ok(!JSON.stringify(caller!.answer.data).includes("nobody has this number"));
});

test("a call without the number's secret, or that lacks something, is refused", async () => {
  await using all = await world(() => ({}));
  const parse = (headers: Record<string, string>, body: string) =>
    all.adapter.inbound!.parse(callback({ headers, body }));
  for (const headers of [{}, { "x-astrocyte-inbound-secret": "wrong" }])
    assert.throws(
      () => parse(headers, JSON.stringify(CALL)),
      (error) => AstrocyteError.is(error, "unauthenticated"),
    );
  for (const body of [
    "",
    "[]",
    JSON.stringify({ ...CALL, call_sid: "" }),
    JSON.stringify({ ...CALL, caller_id: 7 }),
  ])
    assert.throws(
      () => parse(HEADERS, body),
      (error) => AstrocyteError.is(error, "invalid_input"),
    );
  assert.deepEqual(parse(HEADERS, JSON.stringify({ ...CALL, conversation_id: "conv_1" })), {
    ...{ callId: "CA1", from: CALL.caller_id, to: CALL.called_number },
    facts: { agent_id: "agent_1", conversation_id: "conv_1" },
  });
});

test("when nobody answers in time the call never begins, and its webhook says so", async () => {
  await using all = await world(() => ({}));
  all.simulator.setInitiation({ url: all.url, headers: {} });
  assert.equal(await all.ring(), undefined);
  await all.simulator.idle();
  const told = JSON.parse(all.simulator.webhooks.at(-1)!.body) as { type: string };
  assert.equal(told.type, "call_initiation_failure");
});

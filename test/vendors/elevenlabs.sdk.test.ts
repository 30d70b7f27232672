import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "@elevenlabs/client";
import { ElevenLabsClient } from "@elevenlabs/elevenlabs-js";
import { connect } from "../../src/client/index.ts";
import { makeCall, toolCall } from "../../src/presentation/elevenlabs/call.fixture.ts";
import {
  elevenLabsHarness,
  PERSONA,
  WEBHOOK_SECRET,
} from "../../src/presentation/elevenlabs/harness.fixture.ts";
import { verifyElevenLabsSignature } from "../../src/presentation/elevenlabs/index.ts";
import { BRIEFING } from "../../src/testing/adapter/samples.ts";
import { FakeElevenLabsPage, signElevenLabsWebhook } from "../../src/testing/index.ts";
import { APP_KEY, openSession } from "../gateway.fixture.ts";
import { MEMORY, world } from "./elevenlabs.fixture.ts";

const SECOND = 1000;

test("ElevenLabs's own helper accepts what the simulator signs; ours also refuses the future", async () => {
  const { webhooks } = new ElevenLabsClient({ apiKey: "unused" });
  await using call = await makeCall();
  await (await call.join()).leave();
  await call.simulator.idle();
  const { body, headers } = call.simulator.webhooks[0]!;
  const event = await webhooks.constructEvent(body, headers["ElevenLabs-Signature"]!, WEBHOOK_SECRET);
  assert.equal((event as { type: string }).type, "post_call_transcription");
  const ours = (header: string, text = body) =>
    verifyElevenLabsSignature(WEBHOOK_SECRET, new TextEncoder().encode(text), header, Date.now());
  assert.equal(ours(headers["ElevenLabs-Signature"]!), true);
  const now = Math.floor(Date.now() / SECOND);
  const [old, future] = [now - 3600, now + 3600].map((at) => signElevenLabsWebhook(WEBHOOK_SECRET, body, at));
  await assert.rejects(webhooks.constructEvent(body, old!, WEBHOOK_SECRET));
  await webhooks.constructEvent(body, future!, WEBHOOK_SECRET);
  assert.deepEqual(
    [ours(old!), ours(future!), ours(headers["ElevenLabs-Signature"]!, `${body} `)],
    [false, false, false],
  );
});

test("ElevenLabs's own client reads what the simulator answers", async () => {
  await using harness = await elevenLabsHarness();
  const { simulator, adapter, binding } = harness;
  const opened = await adapter.open(
    BRIEFING,
    PERSONA,
    binding(async () => {}),
  );
  const person = await simulator.join(opened.join.url);
  await person.leave();
  const { conversationalAi } = new ElevenLabsClient({ apiKey: simulator.apiKey, baseUrl: simulator.url });
  const agent = await conversationalAi.agents.get(opened.vendorSessionId);
  assert.equal(agent.conversationConfig.agent?.firstMessage, BRIEFING.greeting);
  const { customLlm, backupLlmConfig } = agent.conversationConfig.agent!.prompt!;
  assert.equal(customLlm?.apiType, "chat_completions");
  assert.equal(backupLlmConfig?.preference, "disabled");
  assert.equal(agent.platformSettings?.auth?.enableAuth, true);
  assert.equal(agent.platformSettings?.callLimits?.agentConcurrencyLimit, 1);
  assert.deepEqual(
    (await conversationalAi.agents.list({ search: "astrocyte:" })).agents.map(({ agentId }) => agentId),
    [opened.vendorSessionId],
  );
  const { tools } = await conversationalAi.tools.list({});
  assert.deepEqual(tools.map(({ toolConfig }) => toolConfig.type).toSorted(), ["client", "webhook"]);
  const { secrets } = await conversationalAi.secrets.list({});
  assert.equal(secrets.length, 2);
  const { conversations } = await conversationalAi.conversations.list({ agentId: opened.vendorSessionId });
  const record = await conversationalAi.conversations.get(conversations[0]!.conversationId);
  assert.equal(record.status, "done");
  assert.equal(record.transcript[0]?.message, BRIEFING.greeting);
  const { signedUrl } = await conversationalAi.conversations.getSignedUrl({
    agentId: opened.vendorSessionId,
  });
  await (await simulator.join(signedUrl)).leave();
  await assert.rejects(conversationalAi.agents.get("agent_nobody"), /404|not_found/);
});

/** What ElevenLabs's browser client tells a page. */
type Heard = { source: string; message: string };

test("ElevenLabs's own browser client talks through a session: words, tools, context, the end", async () => {
  const replies = [toolCall("look_up", { what: "shoes" }), "There are seven pairs.", toolCall("end_call")];
  await using call = await makeCall({ answer: () => replies.shift() ?? "Yes." });
  const heard: Heard[] = [];
  const waiting: Array<() => void> = [];
  let ended: (details: unknown) => void = () => {};
  const over = new Promise((resolve) => {
    ended = resolve;
  });
  const conversation = await Conversation.startSession({
    signedUrl: call.opened.join.url,
    connectionType: "websocket",
    // Without a microphone.
    textOnly: true,
    clientTools: {
      async look_up(parameters: unknown) {
        assert.deepEqual(parameters, { what: "shoes" });
        return "seven";
      },
    },
    onMessage({ source, message }: Heard) {
      heard.push({ source, message });
      for (const check of waiting) check();
    },
    onDisconnect: ended,
  });
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      const check = () => heard.some(({ message }) => message === text) && resolve();
      waiting.push(check);
      check();
    });
  // Not waited for: in Node the greeting, in one packet with the metadata, comes before this client listens.
  conversation.sendContextualUpdate("The cart is empty.");
  conversation.sendUserMessage("How many shoes have I?");
  await said("There are seven pairs.");
  assert.match(JSON.stringify(call.model.requests[0]!.body["messages"]), /The cart is empty/);
  assert.match(JSON.stringify(call.model.requests[1]!.body["messages"]), /seven/);
  conversation.sendUserMessage("Goodbye.");
  assert.equal(((await over) as { reason: string }).reason, "agent");
  const { turns } = await call.adapter.fetchTranscript!(call.session);
  assert.deepEqual(
    turns.filter(({ role }) => role !== "tool").map(({ text }) => text),
    [BRIEFING.greeting, "How many shoes have I?", "There are seven pairs.", "Goodbye."],
  );
});

test("what the page has to send for an agent of one's own is what the browser client builds of it", async () => {
  await using call = await makeCall({ config: { strategy: "shared_agent" }, persona: { tools: [] } });
  const data = call.opened.join.data as {
    custom_llm_extra_body: object;
    dynamic_variables: Record<string, string>;
    conversation_config_override: { agent: { first_message: string } };
    user_id: string;
  };
  const agentId = call.agentId!;
  const { platform_settings: platform } = call.simulator.agent(agentId).body as {
    platform_settings: { overrides: { conversation_config_override: Record<string, unknown> } };
  };
  platform.overrides.conversation_config_override["conversation"] = { text_only: true };
  const conversation = await Conversation.startSession({
    signedUrl: call.opened.join.url,
    connectionType: "websocket",
    textOnly: true,
    customLlmExtraBody: data.custom_llm_extra_body,
    dynamicVariables: data.dynamic_variables,
    overrides: { agent: { firstMessage: data.conversation_config_override.agent.first_message } },
    userId: data.user_id,
  });
  const { initiation, variables } = call.simulator.conversation(conversation.getId());
  assert.deepEqual(initiation["custom_llm_extra_body"], data.custom_llm_extra_body);
  assert.equal(variables["astrocyte_session"], call.session.vendorSessionId);
  assert.equal(initiation["user_id"], data.user_id);
  await conversation.endSession();
});

/** Without a microphone. */
const typed = {
  startSession: (options: object) => Conversation.startSession({ ...options, textOnly: true } as never),
};

test("our own module drives ElevenLabs's through a session: way in, tool, words, context, end, memory", async () => {
  for (const [name, conversation] of Object.entries({
    typed,
    faked: new FakeElevenLabsPage({ typing: true }),
  })) {
    await using all = await world();
    const opened = await openSession(all, { vendor: "elevenlabs" });
    const { session_id: sessionId, session_token: sessionToken, join } = opened;
    const session = await connect({
      baseUrl: all.url,
      sessionId,
      sessionToken,
      join,
      conversation: conversation as never,
    });
    const lines: string[] = [];
    session.on("transcript", ({ text }) => lines.push(text));
    const done = new Promise<void>((resolve) =>
      session.on("tool", ({ status }) => status === "success" && resolve()),
    );
    const over = new Promise((resolve) =>
      session.on("state", ({ state }) => state === "ended" && resolve(state)),
    );
    await session.respond(MEMORY);
    await done;
    while (!lines.some((line) => line.includes("Remembered.")))
      await new Promise((resolve) => setImmediate(resolve));
    await session.respond("Goodbye.");
    await over;
    await all.simulator.idle();
    await all.call(`/v1/sessions/${sessionId}/events`, { key: APP_KEY });
    const options = { bankId: "person:anna", context: { principal: "service:app" } };
    const { hits } = await all.memory.recall("What is the name of the sister?", options);
    assert.ok(
      hits.some(({ text }) => text.includes("Miriam")),
      name,
    );
    assert.deepEqual(all.simulator.left(), { agents: 0, tools: 0, secrets: 0 });
  }
});

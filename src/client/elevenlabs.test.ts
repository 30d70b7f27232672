import assert from "node:assert/strict";
import { test } from "node:test";
import type { DisconnectionDetails, IncomingSocketEvent, PartialOptions } from "@elevenlabs/client";
import { connect } from "./connect.ts";
import { makeGateway, makeHost, next } from "./gateway.fixture.ts";
import type { ElevenLabsConversation } from "./sdks.ts";
import type { ConnectOptions, Join } from "./types.ts";

const SESSION = "ses_page";
const SIGNED = "wss://api.elevenlabs.test/v1/convai/conversation?agent_id=a&conversation_signature=s";

/** As `Conversation` of @elevenlabs/client, with its own types: the vendor's side is the test's. */
class FakeConversations {
  readonly started: PartialOptions[] = [];
  readonly sent: Array<[string, string]> = [];
  refuse = false;

  async startSession(options: PartialOptions): Promise<ElevenLabsConversation> {
    if (this.refuse) throw new Error("the signed url has expired");
    const count = this.started.push(options);
    return {
      getId: () => `conv_${count}`,
      endSession: async () => options.onDisconnect?.({ reason: "user" }),
      sendContextualUpdate: (text) => void this.sent.push(["context", text]),
      sendUserMessage: (text) => void this.sent.push(["message", text]),
    };
  }

  receive(event: IncomingSocketEvent): void {
    this.started.at(-1)!.onIncomingEvent?.(event);
  }

  /** The client tells of the event first, and runs the tool right after it. */
  callTool(tool_name: string, tool_call_id: string, parameters: Record<string, unknown>) {
    this.receive({
      type: "client_tool_call",
      client_tool_call: { tool_name, tool_call_id, parameters, event_id: 9 },
    });
    return this.started.at(-1)!.clientTools![tool_name]!(parameters);
  }

  cut(details: DisconnectionDetails): void {
    this.started.at(-1)!.onDisconnect?.(details);
  }
}

async function call(join: Partial<Join> = {}) {
  const gateway = await makeGateway(SESSION);
  const conversation = new FakeConversations();
  const { host } = makeHost();
  const settings: ConnectOptions = {
    baseUrl: gateway.url,
    sessionId: SESSION,
    sessionToken: "the-session-token",
    join: { kind: "elevenlabs", url: SIGNED, data: { tools: ["look_up"] }, ...join },
    conversation,
    host,
  };
  const session = await connect(settings);
  return {
    ...{ gateway, conversation, settings, session },
    async [Symbol.asyncDispose]() {
      await session.end();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

const USER: IncomingSocketEvent = {
  type: "user_transcript",
  user_transcription_event: { user_transcript: "Hello there.", event_id: 7 },
};
const AGENT: IncomingSocketEvent = {
  type: "agent_response",
  agent_response_event: { agent_response: "Hello Anna, how are you?", event_id: 8 },
};
const CUT: IncomingSocketEvent = {
  type: "agent_response_correction",
  agent_response_correction_event: {
    original_agent_response: "Hello Anna, how are you?",
    corrected_agent_response: "Hello Anna,",
    event_id: 8,
  },
};

test("what is said is told to the page at once, and reported as it came; sound is not", async () => {
  await using there = await call();
  const lines: unknown[] = [];
  there.session.on("transcript", ({ id: _, ...line }) => lines.push(line));
  const ids = new Set<string>();
  there.session.on("transcript", ({ id }) => ids.add(id));
  there.conversation.receive({ type: "audio", audio_event: { audio_base_64: "AAAA", event_id: 8 } });
  there.conversation.receive(USER);
  there.conversation.receive(AGENT);
  there.conversation.receive(CUT);
  const agent = { role: "agent", text: "Hello Anna, how are you?", final: true };
  assert.deepEqual(lines, [
    { role: "user", text: "Hello there.", final: true },
    agent,
    { ...agent, heard: "Hello Anna,", interrupted: true },
  ]);
  assert.equal(ids.size, 2, "what was cut off is the same line");
  await there.session.end();
  const [begun, came, ...rest] = there.gateway.reported();
  assert.deepEqual(begun, {
    type: "conversation_initiation_metadata",
    conversation_initiation_metadata_event: { conversation_id: "conv_1" },
  });
  assert.equal(came!["topic"], "astrocyte.presence");
  assert.deepEqual(rest.slice(0, 3), [USER, AGENT, CUT]);
  assert.deepEqual(
    rest.slice(3).map(({ topic }) => topic),
    ["astrocyte.presence"],
  );
  assert.ok(!there.gateway.requests.some(({ path }) => path === "/transcript"));
});

test("a tool is a function of the page, by the call's own id; one that failed is thrown", async () => {
  await using there = await call();
  assert.equal(await there.conversation.callTool("look_up", "call_7", { what: "it" }), "forty-two");
  const [asked] = await there.gateway.seen("/tools");
  const body = { tool_call_id: "call_7", name: "look_up", arguments: '{"what":"it"}' };
  assert.deepEqual(asked!.body, body);
  there.gateway.tool.answer = { status: "error", output: "[tools] look_up failed." };
  await assert.rejects(async () => there.conversation.callTool("look_up", "call_8", {}), /look_up failed/);
});

test("what the server wants said goes by the client's own calls", async () => {
  await using there = await call();
  const message = { type: "contextual_update", text: "The cart is empty." };
  there.gateway.emit("client_instruction", { message });
  there.gateway.emit("client_instruction", { message: { type: "user_activity" } });
  const { code } = await next(there.session, "error");
  assert.equal(code, "not_supported");
  there.gateway.commands.answer = { via: "client", message: { type: "user_message", text: "I typed this." } };
  await there.session.respond("I typed this.");
  assert.deepEqual(there.conversation.sent, [
    ["context", "The cart is empty."],
    ["message", "I typed this."],
  ]);
});

test("the session's own data goes along in the client's words, and only what is there", async () => {
  const data = {
    tools: [],
    conversation_config_override: {
      agent: { first_message: "Hello Anna.", language: "de" },
      tts: { voice_id: "v" },
    },
    custom_llm_extra_body: { astrocyte_context: "token" },
    dynamic_variables: { astrocyte_session: "ses.tag" },
    user_id: "person-1",
  };
  await using shared = await call({ data });
  const { onIncomingEvent: _, onDisconnect: __, ...options } = shared.conversation.started[0]!;
  assert.deepEqual(options, {
    signedUrl: SIGNED,
    connectionType: "websocket",
    overrides: { agent: { firstMessage: "Hello Anna.", language: "de" }, tts: { voiceId: "v" } },
    customLlmExtraBody: { astrocyte_context: "token" },
    dynamicVariables: { astrocyte_session: "ses.tag" },
    userId: "person-1",
    clientTools: {},
  });
  await using own = await call({ url: "wss://livekit.elevenlabs.test", token: "t", data: {} });
  const { onIncomingEvent: ___, onDisconnect: ____, ...bare } = own.conversation.started[0]!;
  assert.deepEqual(bare, {
    conversationToken: "t",
    connectionType: "webrtc",
    livekitUrl: "wss://livekit.elevenlabs.test",
    overrides: { agent: {}, tts: {} },
    clientTools: {},
  });
  await using both = await call({ token: "t" });
  assert.equal(both.conversation.started[0]!.signedUrl, SIGNED);
});

test("a lost conversation is followed by another of the same session", async () => {
  await using there = await call();
  const states: string[] = [];
  there.session.on("state", ({ state, reason }) => states.push(reason ? `${state} ${reason}` : state));
  const lost = { reason: "error", message: "gone", context: { type: "close" } } as const;
  there.conversation.cut(lost);
  await next(there.session, "state", ({ state }) => state === "joined" && states.includes("reconnecting"));
  assert.equal(there.conversation.started.length, 2);
  // What the first one still says is not heard, and is no other loss.
  there.conversation.started[0]!.onDisconnect?.(lost);
  assert.equal(there.session.state, "joined");
  await there.session.end();
  const begun = there.gateway.reported().filter(({ type }) => type === "conversation_initiation_metadata");
  assert.equal(begun.length, 2);
});

test("the agent's end, the time limit, and the person's own leaving end the session", async () => {
  const over = { reason: "error", message: "too long", context: { type: "max_duration_exceeded" } } as const;
  const cases = [
    [{ reason: "agent" }, "agent_ended"],
    [over, "max_duration"],
    [{ reason: "user" }, "left_room"],
  ] as const;
  for (const [details, reason] of cases) {
    await using there = await call();
    there.conversation.cut(details);
    assert.equal((await next(there.session, "state", ({ state }) => state === "ended")).reason, reason);
  }
});

test("who is not let in is told so", async () => {
  await using there = await call();
  there.conversation.refuse = true;
  await assert.rejects(connect(there.settings), { code: "join_failed", message: /microphone/ });
});

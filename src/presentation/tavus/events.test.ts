import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import type { PresentationEvent, SessionHandle, VendorTurn } from "../adapter.ts";
import { createClientEvents } from "./client-events.ts";
import { readEvent, shutdownReason } from "./events.ts";
import { example, examples, type Row } from "./shape.fixture.ts";
import { readTranscript } from "./transcript.ts";
import { parseTavusWebhook } from "./webhook.ts";

const SESSION: SessionHandle = { sessionId: "ses_1", vendorSessionId: "c123456", resources: [] };

test("every webhook of the contract is read", () => {
  const kinds: Record<string, string> = {
    "system.replica_joined": "joined",
    "system.pal_joined": "joined",
    "system.shutdown": "ended",
    "application.transcription_ready": "transcript",
    "application.transcription_ready.with_system_and_tool_rows": "transcript",
  };
  for (const [name, event] of examples("webhooks")) {
    if (name.startsWith("replica_training")) {
      assert.throws(() => parse(event), unauthenticated, name);
    } else {
      assert.deepEqual(
        parse(event).map(({ type }) => type),
        [kinds[name] ?? "other"],
        name,
      );
    }
  }
  const [guardrail] = parse(example("webhooks", "guardrail_callback"));
  assert.deepEqual(guardrail, {
    type: "other",
    name: "guardrail",
    facts: { guardrail: "no_competitors", guardrail_uuid: "g1234567890ab" },
  });
  const [objective] = parse(example("webhooks", "objective_callback"));
  assert.deepEqual(objective, {
    type: "other",
    name: "objective",
    facts: { objective_name: "get_contact_info", output_variables: { email: "a@example.com" } },
  });
});

test("a webhook that names another conversation, or none, is refused", () => {
  const event = example("webhooks", "system.shutdown");
  for (const id of ["c999999", "", undefined, 7]) {
    assert.throws(() => parse({ ...event, conversation_id: id }), unauthenticated);
  }
  const early = { ...SESSION, vendorSessionId: "" };
  assert.throws(() => parse({ ...event, conversation_id: "" }, early), unauthenticated);
});

test("reasons of a shutdown are known by their start", () => {
  const reasons = {
    "max_call_duration reached": "max_duration",
    max_call_duration: "max_duration",
    participant_left_timeout: "everybody_left",
    "participant_absent_timeout reached": "nobody_came",
    end_conversation_endpoint_hit: "ended_at_vendor",
    bot_could_not_join_meeting_it_was_probably_ended: "room_gone",
    exception_encountered_during_conversation_startup: "vendor_startup_failed",
    "internal error occurred at step 4": "vendor_failed",
    "something new": "vendor_something_new",
    "": "ended_at_vendor",
  };
  for (const [given, reason] of Object.entries(reasons)) {
    assert.equal(shutdownReason({ shutdown_reason: given }), reason);
  }
  assert.equal(shutdownReason({ reason: "max_call_duration" }), "max_duration");
});

test("the transcript keeps prompts and tools apart, and strips what nobody said", () => {
  const rows = rowsOf("application.transcription_ready.with_system_and_tool_rows");
  const turns = readTranscript(rows);
  assert.deepEqual(
    turns.map(({ role, text }) => [role, text]),
    [
      ["system", "You are in a live video conference call with a user. …"],
      ["user", "Book Tuesday."],
      ["tool", 'book {"day":"tue"}'],
      ["tool", "dispatched"],
      ["tool", "Booked."],
      ["agent", "Done."],
    ],
  );
  const said = Date.parse("2026-08-11T23:02:15.957Z");
  // Seconds from the start stand in for a time, and what has neither keeps its place.
  assert.deepEqual(
    turns.map(({ at }) => at! - said),
    [-8_100, 0, 900, 901, 902, 3_100],
  );
  const flat = [
    { role: "assistant", tool_calls: [{ id: "call_1", name: "book", arguments: '{"day":"tue"}' }] },
  ];
  const { at: _at, ...call } = turns[2]!;
  assert.deepEqual(readTranscript(flat)[0], call);

  const spoken = (content: string) => readTranscript([{ role: "user", content }])[0]?.text;
  assert.equal(
    spoken("<user_audio_analysis>Ironic.</user_audio_analysis>\nI love Mondays."),
    "I love Mondays.",
  );
  assert.equal(spoken("USER_SPEECH: Hi there. VISUAL_SCENE: A desk."), "Hi there.");
  assert.equal(spoken('<emotion value="excited"/>Great!'), "Great!");
  assert.equal(spoken("<user_audio_analysis>Silent.</user_audio_analysis>"), undefined);
  const prompt = readTranscript([{ role: "system", content: "[astrocyte-context: ses_1.key]\n\nBe kind." }]);
  assert.equal(prompt[0]?.text, "Be kind.");
});

test("hostile speech costs no time worth speaking of", () => {
  const text = "<user_a>".repeat(200_000);
  assert.equal(readTranscript([{ role: "user", content: text }])[0]?.text, text);
  const short = "<user_a>".repeat(2_400);
  assert.equal(readTranscript([{ role: "user", content: short }])[0]?.text, short);
});

test("an utterance has one key, whether the room, the webhook or the record tells of it", () => {
  const read = createClientEvents();
  const user = turnOf(read(example("app_messages_from_tavus", "conversation.utterance.user"), SESSION));
  const reply = example("app_messages_from_tavus", "conversation.utterance.replica");
  const agent = turnOf(read(reply, SESSION));
  const again = turnOf(read(withRole(reply, "pal"), SESSION));
  assert.deepEqual(again, agent, "the doubled event");
  const rows = [
    { role: "user", content: "quick question about my order", timestamp: 1779475660.9 },
    {
      role: "assistant",
      content: "Sure, what's",
      inference_id: reply["inference_id"],
      timestamp: 1779475663,
    },
  ];
  assert.deepEqual(
    readTranscript(rows).map(({ key }) => key),
    [user.key, agent.key],
  );
  const iso = rows.map((row) => ({ ...row, timestamp: new Date(row.timestamp * 1000).toISOString() }));
  assert.deepEqual(readTranscript(iso), readTranscript(rows));
});

test("the same words said again are another turn", () => {
  const yes = { role: "user", content: "Yes.", timestamp: 1779475660.1 };
  const keys = readTranscript([
    yes,
    { ...yes, timestamp: 1779475660.6 },
    { ...yes, timestamp: 1779475675 },
  ]).map(({ key }) => key);
  assert.equal(new Set(keys).size, 3);
});

test("of a reply that was cut off, what was meant and what was heard are both kept", () => {
  const read = createClientEvents();
  const meant = turnOf(read(example("app_messages_from_tavus", "conversation.utterance.replica"), SESSION));
  const cut = example("app_messages_from_tavus", "conversation.utterance.streaming.final_interrupted");
  const expected = { ...meant, heard: "Sure, what's the", interrupted: true };
  assert.deepEqual(turnOf(read(cut, SESSION)), expected);
  assert.deepEqual(turnOf(read(withRole(cut, "pal"), SESSION)), expected);
  const late = turnOf(createClientEvents()(cut, SESSION));
  assert.deepEqual([late.key, late.text, late.heard], [meant.key, "Sure, what's the", "Sure, what's the"]);
  assert.deepEqual(read(example("app_messages_from_tavus", "conversation.utterance.streaming"), SESSION), []);
});

test("every message of the room is read, and one of another conversation is not", () => {
  const read = createClientEvents();
  const kinds: Record<string, string[]> = {
    "system.replica_joined": ["joined"],
    "system.pal_joined": ["joined"],
    "conversation.utterance.user": ["turn"],
    "conversation.utterance.replica": ["turn"],
    "conversation.utterance.streaming.final_interrupted": ["turn"],
    "conversation.tool_call.registry": ["tool_call"],
    "conversation.tool_call.legacy_inline": ["tool_call"],
  };
  const quiet = /speaking$|present$|streaming$/;
  for (const [name, message] of examples("app_messages_from_tavus")) {
    const types = read(message, SESSION).map(({ type }) => type);
    assert.deepEqual(types, kinds[name] ?? (quiet.test(name) ? [] : ["other"]), name);
    assert.deepEqual(read(message, { ...SESSION, vendorSessionId: "c7" }), [], name);
  }
  const hoisted = {
    event_type: "conversation.utterance",
    conversation_id: "c123456",
    role: "user",
    speech: "Hi.",
  };
  assert.equal(turnOf(read(hoisted, SESSION)).text, "Hi.");
  for (const junk of [{}, { conversation_id: "c123456" }, { conversation_id: "c123456", event_type: 7 }]) {
    assert.deepEqual(read(junk, SESSION), []);
  }
});

test("a tool call without an id gets the same one each time", () => {
  const message = example("app_messages_from_tavus", "conversation.tool_call.legacy_inline");
  const [first] = createClientEvents()(message, SESSION);
  assert.deepEqual(createClientEvents()(message, SESSION), [first]);
  assert.match(first?.type === "tool_call" ? first.toolCallId : "", /^inline_[0-9a-f]{24}$/);
});

test("unknown events are kept as they are", () => {
  const event = { event_type: "application.new_thing", properties: { a: 1 }, timestamp: "yesterday" };
  assert.deepEqual(readEvent(event), [{ type: "other", name: "application.new_thing", facts: { a: 1 } }]);
});

function parse(event: Row, session = SESSION): PresentationEvent[] {
  const body = new TextEncoder().encode(JSON.stringify(event));
  return parseTavusWebhook({ body, headers: {}, url: "https://app.test/callback", query: {}, session });
}

function rowsOf(name: string): Row[] {
  return (example("webhooks", name)["properties"] as { transcript: Row[] }).transcript;
}

function withRole(message: Row, role: string): Row {
  return {
    ...message,
    seq: Number(message["seq"]) + 1,
    properties: { ...(message["properties"] as Row), role },
  };
}

function turnOf(events: PresentationEvent[]): VendorTurn {
  assert.equal(events.length, 1);
  const [event] = events;
  assert.ok(event?.type === "turn");
  return event.turn;
}

function unauthenticated(error: unknown): boolean {
  return AstrocyteError.is(error, "unauthenticated");
}

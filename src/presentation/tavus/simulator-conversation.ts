import { broadcast, faceOf, systemEvents } from "./simulator-messages.ts";
import { speakGreeting } from "./simulator-replica.ts";
import { emit } from "./simulator-webhooks.ts";
import {
  isoMicros,
  later,
  nextId,
  type Row,
  type SimConversation,
  type SimPal,
  type World,
} from "./simulator-world.ts";

/** Creates the room; timers and the bill begin now (contract §2). */
export function createConversation(world: World, body: Row, pal: SimPal | undefined): SimConversation {
  const now = world.clock.now();
  const conversation: SimConversation = {
    id: nextId(world, "c"),
    body,
    pal,
    status: body["test_mode"] === true ? "ended" : "active",
    shutdownReason: undefined,
    createdAt: now,
    updatedAt: now,
    meetingToken: body["require_auth"] === true ? `meeting.${nextId(world, "k")}` : undefined,
    events: [],
    context: String(body["conversational_context"] ?? ""),
    history: [],
    transcript: [],
    people: new Set(),
    seq: 0,
    turnIdx: 0,
    avatarIsIn: false,
    greeted: false,
    cutSpeech: undefined,
    waiting: new Map(),
    cancelTimers: [],
  };
  world.conversations.set(conversation.id, conversation);
  if (conversation.status === "active") startTimers(world, conversation);
  return conversation;
}

function startTimers(world: World, conversation: SimConversation): void {
  const end = (reason: string) => () => endConversation(world, conversation, reason);
  const timer = (ms: number, run: () => void) => conversation.cancelTimers.push(world.clock.after(ms, run));
  timer(property(conversation, "max_call_duration", 3600) * 1000, end("max_call_duration reached"));
  const absentMs = property(conversation, "participant_absent_timeout", 300) * 1000;
  timer(
    absentMs,
    () => conversation.greeted || conversation.people.size > 0 || end("participant_absent_timeout reached")(),
  );
  const { cutAfterMs, startupException, avatarNeverJoins } = world.faults;
  if (cutAfterMs !== undefined) timer(cutAfterMs, end("max_call_duration"));
  if (startupException) timer(1, end("exception_encountered_during_conversation_startup"));
  else if (!avatarNeverJoins) {
    // Never before the create has answered.
    timer(Math.max(0, world.timing.avatarJoinsAfterMs), () => avatarJoins(world, conversation));
  }
}

function avatarJoins(world: World, conversation: SimConversation): void {
  if (conversation.status === "ended" || conversation.avatarIsIn) return;
  conversation.avatarIsIn = true;
  for (const [type, properties] of systemEvents(world, "joined", faceOf(conversation))) {
    emit(world, conversation, type, properties);
    broadcast(world, conversation, type, { properties });
  }
  heartbeat(world, conversation);
  greet(world, conversation);
}

function heartbeat(world: World, conversation: SimConversation): void {
  const cancel = world.clock.after(1000, () => {
    if (conversation.status === "ended") return;
    for (const [type, properties] of systemEvents(world, "present", "")) {
      broadcast(world, conversation, type, { properties });
    }
    heartbeat(world, conversation);
  });
  conversation.cancelTimers.push(cancel);
}

/** Both are there for the first time. */
export function greet(world: World, conversation: SimConversation): void {
  if (conversation.greeted || !conversation.avatarIsIn || conversation.people.size === 0) return;
  conversation.greeted = true;
  const greeting = conversation.body["custom_greeting"];
  if (typeof greeting === "string") speakGreeting(world, conversation, greeting);
}

/** The last human has left. */
export function everybodyLeft(world: World, conversation: SimConversation): void {
  if (conversation.status === "ended") return;
  const ms = property(conversation, "participant_left_timeout", 0) * 1000;
  const check = () => {
    if (conversation.people.size === 0)
      endConversation(world, conversation, "participant_left_timeout reached");
  };
  conversation.cancelTimers.push(later(world, ms, check));
}

export function endConversation(world: World, conversation: SimConversation, reason: string): void {
  if (conversation.status === "ended") return;
  conversation.cutSpeech?.();
  for (const cancel of conversation.cancelTimers) cancel();
  conversation.status = "ended";
  conversation.shutdownReason = reason;
  const face = { [world.faults.names === "legacy" ? "replica_id" : "face_id"]: faceOf(conversation) };
  broadcast(world, conversation, "system.shutdown", { properties: { shutdown_reason: reason } });
  emit(world, conversation, "system.shutdown", { ...face, shutdown_reason: reason });
  for (const socket of conversation.people) socket.close(1000);
  later(world, world.timing.transcriptAfterMs, () =>
    emit(world, conversation, "application.transcription_ready", {
      ...face,
      transcript: conversation.transcript,
    }),
  );
  later(world, world.timing.perceptionAfterMs, () =>
    emit(world, conversation, "application.perception_analysis", {
      analysis: "The participant was engaged.",
    }),
  );
}

/** The row of create, get and list; never both vocabularies at once (§0.3). */
export function conversationRow(world: World, conversation: SimConversation): Row {
  const legacy = world.faults.names === "legacy";
  return {
    conversation_id: conversation.id,
    conversation_name: String(
      conversation.body["conversation_name"] ?? `New Conversation ${conversation.createdAt}`,
    ),
    conversation_url: `${world.url}/${conversation.id}`,
    callback_url: String(conversation.body["callback_url"] ?? ""),
    status: conversation.status,
    [legacy ? "replica_id" : "face_id"]: faceOf(conversation),
    [legacy ? "persona_id" : "pal_id"]: conversation.pal?.id ?? "",
    created_at: isoMicros(conversation.createdAt),
    updated_at: isoMicros(conversation.updatedAt),
  };
}

export function property(conversation: SimConversation, name: string, otherwise: number): number {
  const properties = conversation.body["properties"] as Row | undefined;
  const value = properties?.[name];
  return typeof value === "number" ? value : otherwise;
}

import { sha256 } from "../../core/secrets.ts";
import type { PresentationEvent, SessionHandle, VendorTurn } from "../adapter.ts";
import { readPresence } from "../presence.ts";
import { asRow, type Row, readTime, text } from "../read.ts";
import { readEvent } from "./events.ts";
import { plainToolName } from "./tools.ts";
import { cleanSpeech, roleOf, turnKey } from "./transcript.ts";
import { argumentsOf } from "./webhook.ts";

/** Replies whose full text is remembered until an interruption tells how much of it was heard. */
const MAX_REPLIES = 2_000;

/**
 * Reads messages of the room's data channel (contract §10.2), relayed by the browser.
 *
 * A reply is announced in full and, when it is cut off, followed by what was spoken; both are one turn, so the
 * announced text is kept for a while. Without it (another process, a late join) the turn has what was heard.
 */
export function createClientEvents(): (message: Row, session: SessionHandle) => PresentationEvent[] {
  const replies: Replies = new Map();
  return (message, session) => {
    const presence = readPresence(message);
    if (presence) return [presence];
    if (message["conversation_id"] !== session.vendorSessionId) return [];
    const at = readTime(message["timestamp"]);
    // Fields sometimes stand at the top instead of in `properties` (§10.1).
    const field = (name: string) => asRow(message["properties"])[name] ?? message[name];
    switch (text(message["event_type"])) {
      case undefined:
      case "conversation.started_speaking":
      case "conversation.stopped_speaking":
      case "conversation.replica.started_speaking":
      case "conversation.replica.stopped_speaking":
      case "conversation.user.started_speaking":
      case "conversation.user.stopped_speaking":
        return [];
      case "conversation.utterance":
        return utterance(message, field, at, replies);
      case "conversation.utterance.streaming":
        return interruption(message, field, at, replies);
      case "conversation.tool_call":
        return [toolCall(message, field)];
      default:
        return readEvent(message);
    }
  };
}

type Field = (name: string) => unknown;
type Replies = Map<string, { said: string; at: number | undefined }>;

function utterance(
  message: Row,
  field: Field,
  at: number | undefined,
  replies: Replies,
): PresentationEvent[] {
  const role = roleOf(field("role"));
  const said = cleanSpeech(text(field("speech")) ?? "");
  if (said === "") return [];
  const key = turnKey(role, said, at, text(message["inference_id"]));
  if (role === "agent") keep(replies, replyId(message, key), { said, at });
  return [{ type: "turn", turn: { key, role, text: said, ...(at !== undefined && { at }) } }];
}

/** Only the last report of a reply that was cut off says something that the utterance did not. */
function interruption(
  message: Row,
  field: Field,
  at: number | undefined,
  replies: Replies,
): PresentationEvent[] {
  const inferenceId = text(message["inference_id"]);
  if (roleOf(field("role")) !== "agent" || field("is_interrupted") !== true || inferenceId === undefined)
    return [];
  const heard = cleanSpeech(text(field("speech")) ?? "");
  const key = turnKey("agent", heard, at, inferenceId);
  const reply = replies.get(replyId(message, key)) ?? { said: heard, at };
  const turn: VendorTurn = { key, role: "agent", text: reply.said, heard, interrupted: true };
  return [{ type: "turn", turn: { ...turn, ...(reply.at !== undefined && { at: reply.at }) } }];
}

/** Older inline tools have no id (§9.5): the call's own content gives it one, so that a repeat is recognised. */
function toolCall(message: Row, field: Field): PresentationEvent {
  const name = plainToolName(text(field("name")) ?? "");
  const args = argumentsOf({ arguments: field("arguments") });
  const inline = JSON.stringify([message["inference_id"], message["turn_idx"], message["seq"], name, args]);
  const toolCallId = text(field("tool_call_id")) ?? `inline_${sha256(inline).slice(0, 24)}`;
  return { type: "tool_call", toolCallId, name, arguments: args };
}

function replyId(message: Row, key: string): string {
  return `${String(message["conversation_id"])} ${key}`;
}

function keep(replies: Replies, id: string, reply: { said: string; at: number | undefined }): void {
  replies.delete(id);
  replies.set(id, reply);
  if (replies.size <= MAX_REPLIES) return;
  for (const oldest of replies.keys()) {
    replies.delete(oldest);
    return;
  }
}

import { sha256 } from "../../core/secrets.ts";
import type { PresentationEvent, VendorTurn } from "../adapter.ts";
import { readPresence } from "../presence.ts";
import { asRow, type Row, readTime, text } from "../read.ts";

/** Why a stream ended, by D-ID's reasons: those of V2, and V1's `close_reason` (contract §2.5). */
const REASONS: Record<string, string> = {
  ok: "ended_at_vendor",
  manual: "ended_at_vendor",
  ended_by_agent: "ended_by_agent",
  inactivity: "inactivity",
  time_limit: "max_duration",
  message_limit: "message_limit",
  network_issue: "connection_lost",
  peer_disconnected: "connection_lost",
  shutdown: "vendor_failed",
  unknown_error: "vendor_failed",
};

/**
 * Reads what the page reports of the room as `{topic, payload}`: its own presence, and D-ID's data packets, whose
 * subject is the packet's topic or else stands in the body. Parts of a sentence say nothing that the whole does not.
 */
export function readClientEvent(message: Row): PresentationEvent[] {
  const presence = readPresence(message);
  if (presence) return [presence];
  const payload = bodyOf(message["payload"]);
  const subject = text(message["topic"]) ?? text(payload["subject"]) ?? "";
  switch (subject) {
    case "chat/audio-transcribed":
      return turn(payload, "user");
    case "chat/answer":
      return turn(payload, "agent");
    case "stream/done":
    case "stream/error":
      return [{ type: "ended", reason: endReason(payload) }];
    case "stream-video/error":
    case "stream-video/rejected":
      return [{ type: "other", name: subject.replace("/", "_"), facts: {} }];
    case "tool-call/done":
    case "tool-call/error":
      return [{ type: "other", name: subject.replace("/", "_"), facts: toolFacts(payload) }];
    default:
      return [];
  }
}

function bodyOf(payload: unknown): Row {
  if (typeof payload !== "string") return asRow(payload);
  try {
    return asRow(JSON.parse(payload));
  } catch {
    return {};
  }
}

/** What a tool was asked and answered is content: its name and how long it took are not. */
function toolFacts({ call_id, name, duration_ms }: Row): Row {
  return { call_id, name, duration_ms };
}

/** `role` is the sender's own word; who may have said it follows from the event. */
function turn(payload: Row, role: "user" | "agent"): PresentationEvent[] {
  const said = (text(payload["content"]) ?? "").trim();
  if (said === "") return [];
  const at = readTime(payload["created_at"]);
  return [{ type: "turn", turn: { key: keyOf(role, said, payload, at), role, text: said, ...atOf(at) } }];
}

/** A message's own id; without one the same words at the same second are the same turn. */
function keyOf(role: VendorTurn["role"], said: string, payload: Row, at: number | undefined): string {
  const id = text(payload["id"]);
  if (id !== undefined) return `${role}:${id}`;
  return `${role}:${sha256(said).slice(0, 16)}:${at === undefined ? "-" : Math.floor(at / 1000)}`;
}

function atOf(at: number | undefined): { at?: number } {
  return at === undefined ? {} : { at };
}

function endReason(payload: Row): string {
  const given = text(payload["reason"]) ?? text(payload["close_reason"]) ?? "";
  return REASONS[given] ?? "ended_at_vendor";
}

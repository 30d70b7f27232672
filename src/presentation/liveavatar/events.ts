import { sha256 } from "../../core/secrets.ts";
import type { PresentationEvent, SessionHandle } from "../adapter.ts";
import { readPresence } from "../presence.ts";
import { asRow, type Row, text } from "../read.ts";

/** Where the room's packets go and come from (contract §1.1, realtime control). */
export const TOPICS = { send: "agent-control", receive: "agent-response" } as const;

/** Told again, whole, by another event; or of no use to a record. */
const PASSING = new Set([
  "user.speak_started",
  "user.speak_ended",
  "avatar.speak_started",
  "avatar.speak_ended",
  "user.transcription.chunk",
  "avatar.transcription.chunk",
  // Older names of the same (contract §1.1).
  "user.transcription_started",
  "user.transcription_ended",
  "avatar.transcription_started",
  "avatar.transcription_ended",
]);

/**
 * Reads a data packet of the room, relayed by the page as `{topic, payload}`. A turn's key is the event's id, which
 * the transcript does not have: the composer tells the call from the more trusted channel alone.
 */
export function parseClientEvent(message: Row, session: SessionHandle): PresentationEvent[] {
  const presence = readPresence(message);
  if (presence) return [presence];
  const event = asRow(message["payload"]);
  const type = text(event["event_type"]);
  if (message["topic"] !== TOPICS.receive || type === undefined || PASSING.has(type)) return [];
  if (event["session_id"] !== undefined && event["session_id"] !== session.vendorSessionId) return [];
  switch (type) {
    case "user.transcription":
      return turnOf(event, "user");
    case "avatar.transcription":
      return turnOf(event, "agent");
    case "session.stopped":
      // The SDK's types say stop_reason, the guide says end_reason.
      return [{ type: "ended", reason: reasonOf(text(event["stop_reason"]) ?? text(event["end_reason"])) }];
    default:
      return [{ type: "other", name: type, facts: factsOf(event) }];
  }
}

function turnOf(event: Row, role: "user" | "agent"): PresentationEvent[] {
  const said = text(event["text"])?.trim();
  if (!said) return [];
  const id = text(event["event_id"]) ?? sha256(said).slice(0, 16);
  return [{ type: "turn", turn: { key: `${role}:event:${id}`, role, text: said } }];
}

function factsOf({ event_type: _type, session_id: _session, ...facts }: Row): Row {
  return facts;
}

/** Our reasons as LiveAvatar's (contract §1.1, end). */
const SENT = new Map(
  Object.entries({
    max_duration: "MAX_DURATION_REACHED",
    nobody_came: "USER_DISCONNECTED",
    everybody_left: "USER_DISCONNECTED",
    end_call: "AGENT_HANG_UP",
    orphan: "ZOMBIE_SESSION_REAP",
    lost_while_opening: "ZOMBIE_SESSION_REAP",
    ended_while_opening: "ZOMBIE_SESSION_REAP",
    drain: "SERVER_ERROR",
  }),
);

const HEARD = new Map(
  Object.entries({
    MAX_DURATION_REACHED: "max_duration",
    USER_DISCONNECTED: "everybody_left",
    NO_CREDITS: "vendor_credits",
    SERVER_ERROR: "vendor_failed",
    USER_CLOSED: "ended_at_vendor",
    UNKNOWN: "ended_at_vendor",
  }),
);

export function stopReason(reason: string): string {
  return SENT.get(reason) ?? "USER_CLOSED";
}

/** `IDLE_TIMEOUT` and others that have no name of ours become `vendor_idle_timeout`. */
export function reasonOf(given = "UNKNOWN"): string {
  return HEARD.get(given) ?? `vendor_${given.toLowerCase().replace(/\W+/g, "_").slice(0, 60)}`;
}

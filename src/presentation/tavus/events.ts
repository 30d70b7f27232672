import type { PresentationEvent } from "../adapter.ts";
import { asRow, asRows, type Row, readTime, text } from "../read.ts";
import { readTranscript } from "./transcript.ts";

/** Reasons of a shutdown by the start of their text: long and short forms are both sent (contract §11). */
const REASONS: Array<[prefix: string, reason: string]> = [
  ["max_call_duration", "max_duration"],
  ["participant_left_timeout", "everybody_left"],
  ["participant_absent_timeout", "nobody_came"],
  ["end_conversation_endpoint_hit", "ended_at_vendor"],
  ["bot_could_not_join_meeting", "room_gone"],
  ["daily_room_has_been_deleted", "room_gone"],
  ["exception_encountered", "vendor_startup_failed"],
  ["internal error", "vendor_failed"],
];

export function shutdownReason(properties: Row): string {
  const given = text(properties["shutdown_reason"]) ?? text(properties["reason"]) ?? "";
  const known = REASONS.find(([prefix]) => given.startsWith(prefix));
  if (known) return known[1];
  const word = given.replace(/\W+/g, "_").slice(0, 60);
  return word === "" ? "ended_at_vendor" : `vendor_${word}`;
}

/**
 * An event of `callback_url`, or of a verbose get, which replays the same (§2.2, §11). Lenient: what is not
 * known becomes `other` with its properties.
 */
export function readEvent(event: Row): PresentationEvent[] {
  const type = eventType(event);
  const properties = asRow(event["properties"]);
  const at = readTime(event["timestamp"]);
  switch (type) {
    case "system.replica_joined":
    case "system.pal_joined":
      return [{ type: "joined", who: "agent", ...(at !== undefined && { at }) }];
    case "system.replica_present":
    case "system.pal_present":
      return [];
    case "system.shutdown":
      return [{ type: "ended", reason: shutdownReason(properties), ...(at !== undefined && { at }) }];
    case "application.transcription_ready":
      return [
        { type: "transcript", turns: readTranscript(asRows(properties["transcript"])), complete: true },
      ];
    default:
      return [{ type: "other", name: type, facts: factsOf(event, properties) }];
  }
}

/** Callbacks of guardrails and objectives have a shape of their own, without a type. */
function eventType(event: Row): string {
  const named = text(event["event_type"]);
  if (named !== undefined) return named;
  if ("objective_name" in event) return "objective";
  return "guardrail" in asRow(event["properties"]) ? "guardrail" : "unknown";
}

function factsOf(event: Row, properties: Row): Row {
  if (event["event_type"] !== undefined || "properties" in event) return properties;
  const { conversation_id: _id, ...facts } = event;
  return facts;
}

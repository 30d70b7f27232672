import { sha256 } from "../../core/secrets.ts";
import type { PresentationEvent } from "../adapter.ts";
import { readPresence } from "../presence.ts";
import { asRow, type Row, text } from "../read.ts";

/**
 * What the page relays of the conversation's socket (contract §A.10). Its messages name no conversation, and event
 * ids begin anew when a page comes back: words and id together are the key, also of a correction, which repeats
 * the words that it corrects.
 */
export function readClientEvent(message: Row): PresentationEvent[] {
  const presence = readPresence(message);
  if (presence) return [presence];
  switch (text(message["type"])) {
    case "conversation_initiation_metadata":
      return [{ type: "joined", who: "agent" }];
    case "user_transcript":
      return turn("user", asRow(message["user_transcription_event"]), "user_transcript");
    case "agent_response":
      return turn("agent", asRow(message["agent_response_event"]), "agent_response");
    case "agent_response_correction":
      return correction(asRow(message["agent_response_correction_event"]));
    case "client_tool_call":
      return toolCall(asRow(message["client_tool_call"]));
    case "error":
      return failure(asRow(message["error_event"]));
    default:
      return [];
  }
}

function turn(role: "user" | "agent", event: Row, field: string): PresentationEvent[] {
  const said = text(event[field]);
  if (said === undefined) return [];
  return [{ type: "turn", turn: { key: keyOf(role, event, said), role, text: said } }];
}

function correction(event: Row): PresentationEvent[] {
  const meant = text(event["original_agent_response"]);
  const heard = event["corrected_agent_response"];
  if (meant === undefined || typeof heard !== "string") return [];
  const key = keyOf("agent", event, meant);
  return [{ type: "turn", turn: { key, role: "agent", text: meant, heard, interrupted: true } }];
}

function toolCall(call: Row): PresentationEvent[] {
  const [name, toolCallId] = [text(call["tool_name"]), text(call["tool_call_id"])];
  if (name === undefined || toolCallId === undefined) return [];
  return [{ type: "tool_call", toolCallId, name, arguments: JSON.stringify(asRow(call["parameters"])) }];
}

/** The message itself may quote the talk. */
function failure({ code, error_type }: Row): PresentationEvent[] {
  return [{ type: "other", name: "error", facts: { code, error_type } }];
}

function keyOf(role: string, event: Row, words: string): string {
  return `${role}:${String(event["event_id"] ?? "")}:${sha256(words).slice(0, 16)}`;
}

import type { VendorTurn } from "../adapter.ts";
import { asRow, asRows, type Row, readTime, text } from "./read.ts";
import { cleanSpeech, roleOf, turnKey } from "./speech.ts";

/** The rows of `application.transcription_ready` (contract §11) as turns, in their order. */
export function readTranscript(rows: Row[]): VendorTurn[] {
  const seen = new Map<string, number>();
  return rows.flatMap(readRow).map((turn) => {
    const count = (seen.get(turn.key) ?? 0) + 1;
    seen.set(turn.key, count);
    // The same words twice within a second are still two turns.
    return count === 1 ? turn : { ...turn, key: `${turn.key}~${count}` };
  });
}

function readRow(row: Row): VendorTurn[] {
  const role = roleOf(row["role"]);
  const said = cleanSpeech(text(row["content"]) ?? "");
  const at = readTime(row["timestamp"]);
  const toolCallId = text(row["tool_call_id"]);
  const key =
    toolCallId === undefined ? turnKey(role, said, at, text(row["inference_id"])) : `tool:${toolCallId}`;
  const turn: VendorTurn = { key, role, text: said, ...(at !== undefined && { at }) };
  return [...(said === "" ? [] : [turn]), ...toolCalls(row, at)];
}

/** `{id, name, arguments}` or `{id, function: {name, arguments}}`: both were seen. */
function toolCalls(row: Row, at: number | undefined): VendorTurn[] {
  return asRows(row["tool_calls"]).map((call) => {
    const inner = asRow(call["function"] ?? call);
    const name = text(inner["name"]) ?? "";
    const args = inner["arguments"];
    const said = `${name} ${typeof args === "string" ? args : JSON.stringify(args ?? {})}`;
    const id = text(call["id"]);
    const key = id === undefined ? turnKey("tool", said, at) : `tool_call:${id}`;
    return { key, role: "tool", text: said, ...(at !== undefined && { at }) };
  });
}

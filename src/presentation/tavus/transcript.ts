import type { VendorTurn } from "../adapter.ts";
import { asRow, asRows, type Row, readTime, text } from "../read.ts";
import { cleanSpeech, roleOf, turnKey } from "./speech.ts";

/** The rows of `application.transcription_ready` (contract §11) as turns, in their order. */
export function readTranscript(rows: Row[]): VendorTurn[] {
  const times = timesOf(rows);
  const seen = new Map<string, number>();
  const turns = rows
    .flatMap((row, i) => readRow(row, times[i]))
    .map((turn) => {
      const count = (seen.get(turn.key) ?? 0) + 1;
      seen.set(turn.key, count);
      // The same words twice within a second are still two turns.
      return count === 1 ? turn : { ...turn, key: `${turn.key}~${count}` };
    });
  return inOrder(turns);
}

/** Rows of one instant stay in the record's order: times may be whole seconds. */
function inOrder(turns: VendorTurn[]): VendorTurn[] {
  let last = Number.NEGATIVE_INFINITY;
  return turns.map((turn) => {
    if (turn.at === undefined) return turn;
    last = turn.at > last || turn.at <= last - 1000 ? turn.at : last + 1;
    return { ...turn, at: last };
  });
}

/**
 * When each row was: by its own time, else by its seconds from the start, else right after the row before it.
 * Rows of tools and prompts carry none, and would otherwise lose their place.
 */
function timesOf(rows: Row[]): Array<number | undefined> {
  const start = rows.map(startOf).find((at) => at !== undefined);
  let last: number | undefined;
  return rows.map((row) => {
    const seconds = row["seconds_from_start"];
    const counted =
      start !== undefined && typeof seconds === "number" ? Math.round(start + seconds * 1000) : undefined;
    last = readTime(row["timestamp"]) ?? counted ?? (last === undefined ? start : last + 1);
    return last;
  });
}

/** The start of the call, as a row with both its time and its seconds tells. */
function startOf(row: Row): number | undefined {
  const at = readTime(row["timestamp"]);
  const seconds = row["seconds_from_start"];
  return at !== undefined && typeof seconds === "number" ? Math.round(at - seconds * 1000) : undefined;
}

function readRow(row: Row, time: number | undefined): VendorTurn[] {
  const role = roleOf(row["role"]);
  const said = cleanSpeech(text(row["content"]) ?? "");
  const toolCallId = text(row["tool_call_id"]);
  const key =
    toolCallId === undefined ? turnKey(role, said, time, text(row["inference_id"])) : `tool:${toolCallId}`;
  const at = time === undefined ? {} : { at: time };
  return [...(said === "" ? [] : [{ key, role, text: said, ...at }]), ...toolCalls(row, time)];
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

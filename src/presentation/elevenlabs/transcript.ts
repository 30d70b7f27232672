import type { VendorTurn } from "../adapter.ts";
import { asRow, asRows, type Row, text } from "../read.ts";

/**
 * The rows of a conversation's record (contract §A.11) as turns, in their order. Webhook and record have the same
 * rows, so place in the conversation is the key; times are whole seconds, so rows of one instant keep their order.
 */
export function readTranscript(record: Row): VendorTurn[] {
  const conversation = text(record["conversation_id"]) ?? "";
  const start = asRow(record["metadata"])["start_time_unix_secs"];
  let last = Number.NEGATIVE_INFINITY;
  const timeOf = (row: Row): number | undefined => {
    const secs = row["time_in_call_secs"];
    if (typeof start !== "number" || typeof secs !== "number") return undefined;
    last = Math.max((start + secs) * 1000, last + 1);
    return last;
  };
  return asRows(record["transcript"]).flatMap((row, i) =>
    readRow(row, `${conversation}:${i}`).map((turn) => {
      const at = timeOf(row);
      return at === undefined ? turn : { ...turn, at };
    }),
  );
}

function readRow(row: Row, key: string): VendorTurn[] {
  const role = row["role"] === "user" ? "user" : "agent";
  const said = text(row["message"]);
  const meant = text(row["original_message"]) ?? said;
  const cut = row["interrupted"] === true;
  const spoken: VendorTurn[] =
    meant === undefined
      ? []
      : [{ key, role, text: meant, ...(cut && { interrupted: true, heard: said ?? "" }) }];
  return [...spoken, ...toolRows(row, key)];
}

function toolRows(row: Row, key: string): VendorTurn[] {
  const calls = asRows(row["tool_calls"]).map((call, i) => ({
    key: `${key}:call:${text(call["request_id"]) ?? i}`,
    text: `${text(call["tool_name"]) ?? ""} ${text(call["params_as_json"]) ?? "{}"}`,
  }));
  const results = asRows(row["tool_results"]).map((result, i) => ({
    key: `${key}:result:${text(result["request_id"]) ?? i}`,
    text: text(result["result_value"]) ?? "",
  }));
  return [...calls, ...results]
    .filter(({ text }) => text !== "")
    .map((turn) => ({ ...turn, role: "tool" as const }));
}

const REASONS: Array<[RegExp, string]> = [
  [/max[a-z]*[ _]duration|exceeded/i, "max_duration"],
  [/end_call/i, "agent_ended"],
  [/client|user|caller|hang|hung/i, "person_left"],
  [/silence|inactiv|no (?:user )?(?:input|response)/i, "silence"],
];

/** Why a call ended, in our words: the vendor's may quote what was said. */
export function endReason(record: Row): string {
  if (record["status"] === "failed") return "vendor_failed";
  const given = text(asRow(record["metadata"])["termination_reason"]) ?? "";
  return REASONS.find(([pattern]) => pattern.test(given))?.[1] ?? "ended_at_vendor";
}

/** Milliseconds since the epoch. */
export function endedAt(record: Row): number | undefined {
  const { start_time_unix_secs: start, call_duration_secs: length } = asRow(record["metadata"]);
  return typeof start === "number" && typeof length === "number" ? (start + length) * 1000 : undefined;
}

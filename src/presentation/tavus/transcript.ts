import { sha256 } from "../../core/secrets.ts";
import type { VendorTurn } from "../adapter.ts";
import { asRow, asRows, type Row, readTime, text } from "../read.ts";

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

/** Perception and delivery marks in what Tavus calls speech (contract §11, §12). */
const PERCEIVED = /<(user_[a-z_]+)>[\s\S]*?<\/\1>/g;
const DELIVERY = /<\/?(?:emotion|speed|volume|break|prosody)\b[^<>]*>/g;
/** Our own line in a shared PAL's context comes back in system rows: it is a credential. */
const CONTEXT_TOKEN = /\[?astrocyte-context:[^\]\n]*\]?/g;
/** Nobody says more in one breath; longer texts are prompts, and the patterns stay cheap on hostile ones. */
const MAX_SPEECH = 20_000;

/** The words alone. */
export function cleanSpeech(text: string): string {
  const safe = text.replace(CONTEXT_TOKEN, "").trim();
  if (safe.length > MAX_SPEECH) return safe;
  return withoutScene(safe).replace(PERCEIVED, "").replace(DELIVERY, "").trim();
}

/** Older perception wrote `USER_SPEECH: … VISUAL_SCENE: …` (§11). */
function withoutScene(text: string): string {
  if (!text.startsWith("USER_SPEECH:")) return text;
  const scene = text.indexOf("VISUAL_SCENE:");
  return text.slice("USER_SPEECH:".length, scene < 0 ? undefined : scene).trim();
}

/**
 * A key that every channel gives to the same utterance.
 *
 * The agent's carries an `inference_id` in client events and in the transcript. A person's does not (there,
 * ids of speculative requests do not match, §10.2): words and second stand in. Where the channels disagree
 * about the second the keys differ; the composer then tells the call from the more trusted channel alone.
 */
export function turnKey(
  role: "user" | "agent" | "system" | "tool",
  text: string,
  at: number | undefined,
  inferenceId?: string,
): string {
  if (role === "agent" && inferenceId !== undefined) return `agent:${inferenceId}`;
  const words = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
  return `${role}:${sha256(words).slice(0, 16)}:${at === undefined ? "-" : Math.floor(at / 1000)}`;
}

export function roleOf(role: unknown): "user" | "agent" | "system" | "tool" {
  if (role === "user" || role === "system" || role === "tool") return role;
  return role === "participant" ? "user" : "agent";
}

import { AstrocyteError } from "../../core/errors.ts";
import { sha256 } from "../../core/secrets.ts";
import type { VendorTurn } from "../adapter.ts";
import { asRows, type Row, text } from "../read.ts";
import type { LiveAvatarApi } from "./api.ts";

/** One answer of `GET /v1/sessions/{id}/transcript`. `next` is where the following one starts. */
export type TranscriptPage = { active: boolean; next: number | undefined; turns: VendorTurn[] };

const MAX_PAGES = 1_000;
/** Above this a timestamp counts milliseconds: as seconds it would lie beyond the year 5000. */
const MILLISECONDS = 100_000_000_000;

/** The whole record. `complete` once the session is over; a session that is gone has no more to tell. */
export async function fetchTranscript(
  api: LiveAvatarApi,
  sessionId: string,
): Promise<{ turns: VendorTurn[]; complete: boolean }> {
  // By key: pages may share the row at their border.
  const turns = new Map<string, VendorTurn>();
  let start: number | undefined;
  for (let count = 0; count < MAX_PAGES; count++) {
    const page = await pageOf(api, sessionId, start);
    const before = turns.size;
    for (const turn of page.turns) turns.set(turn.key, turn);
    const onward = page.next !== undefined && (start === undefined || page.next > start);
    if (!onward || turns.size === before)
      return { turns: inOrder([...turns.values()]), complete: !page.active };
    start = page.next;
  }
  return { turns: inOrder([...turns.values()]), complete: false };
}

export function readPage(data: Row): TranscriptPage {
  const next = data["next_timestamp"];
  return {
    active: data["session_active"] === true,
    next: typeof next === "number" ? next : undefined,
    turns: asRows(data["transcript_data"]).flatMap(readTurn),
  };
}

async function pageOf(api: LiveAvatarApi, id: string, start: number | undefined): Promise<TranscriptPage> {
  try {
    return await api.sessions.transcript(id, start);
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return { active: false, next: undefined, turns: [] };
    throw error;
  }
}

/** Rows carry no id: who, which words and when stand in for one. */
function readTurn(row: Row): VendorTurn[] {
  const said = text(row["transcript"])?.trim();
  if (!said) return [];
  const role = row["role"] === "user" ? "user" : "agent";
  const absolute = row["absolute_timestamp"];
  const time = typeof absolute === "number" ? absolute : undefined;
  const key = `${role}:${sha256(said).slice(0, 16)}:${time ?? row["relative_timestamp"] ?? "-"}`;
  if (time === undefined) return [{ key, role, text: said }];
  return [{ key, role, text: said, at: Math.round(time > MILLISECONDS ? time : time * 1000) }];
}

/** Rows of one instant stay in the record's order: times may be whole seconds. */
function inOrder(turns: VendorTurn[]): VendorTurn[] {
  let last = Number.NEGATIVE_INFINITY;
  return turns.map((turn) => {
    if (turn.at === undefined) return turn;
    last = turn.at > last || turn.at <= last - 1_000 ? turn.at : last + 1;
    return { ...turn, at: last };
  });
}

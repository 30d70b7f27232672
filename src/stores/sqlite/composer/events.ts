import type { EventRow, NewEvent } from "../../../composer/store.ts";
import type { ReadContext, WriteContext } from "../contexts.ts";

export function appendEvent({ sql }: WriteContext, { sessionId, at, type, data }: NewEvent): EventRow {
  const { lastInsertRowid } = sql("INSERT INTO events (session_id, at, type, data) VALUES (?, ?, ?, ?)").run(
    sessionId,
    at,
    type,
    JSON.stringify(data),
  );
  return { seq: Number(lastInsertRowid), sessionId, at, type, data };
}

export const eventWrites = { "events.append": appendEvent };

export const eventReads = {
  "events.list"(
    { sql }: ReadContext,
    { sessionId, afterSeq, limit }: { sessionId: string; afterSeq: number; limit: number },
  ): EventRow[] {
    const rows = sql(
      "SELECT seq, at, type, data FROM events WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?",
    ).all(sessionId, afterSeq, limit);
    return rows.map((row) => ({
      seq: row["seq"] as number,
      sessionId,
      at: row["at"] as number,
      type: row["type"] as string,
      data: JSON.parse(row["data"] as string) as Record<string, unknown>,
    }));
  },
};

import type { TurnRow } from "../../../composer/store.ts";
import type { ReadContext, WriteContext } from "../contexts.ts";

/** What a browser relayed is overridden by any other channel, never the other way round. */
const UNTRUSTED = "client";

export const turnWrites = {
  "turns.upsert"({ sql }: WriteContext, turns: TurnRow[]): string[] {
    const added: string[] = [];
    for (const turn of turns) {
      const { sessionId, key, role, text, heard, at, channel } = turn;
      const known = sql("SELECT channel FROM turns WHERE session_id = ? AND key = ?").get(sessionId, key);
      if (known && channel === UNTRUSTED && known["channel"] !== UNTRUSTED) continue;
      if (!known) added.push(key);
      sql(
        `INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)
         ON CONFLICT (session_id, key) DO UPDATE SET
           role = excluded.role, text = excluded.text, heard = coalesce(excluded.heard, heard),
           interrupted = max(excluded.interrupted, interrupted), at = excluded.at, channel = excluded.channel`,
      ).run(sessionId, key, role, text, heard, Number(turn.interrupted), at, channel);
    }
    return added;
  },

  "turns.markRetained"(
    { sql }: WriteContext,
    { sessionId, keys, at }: { sessionId: string; keys: string[]; at: number },
  ): void {
    const mark = sql("UPDATE turns SET retained_at = ? WHERE session_id = ? AND key = ?");
    for (const key of keys) mark.run(at, sessionId, key);
  },

  "turns.remove"(context: WriteContext, sessionId: string): void {
    context.sql("DELETE FROM turns WHERE session_id = ?").run(sessionId);
    context.scrub();
  },
};

export const turnReads = {
  "turns.list"({ sql }: ReadContext, sessionId: string): TurnRow[] {
    const rows = sql(
      `SELECT session_id AS sessionId, key, role, text, heard, interrupted, at, channel, retained_at AS retainedAt
       FROM turns WHERE session_id = ? ORDER BY at, key`,
    ).all(sessionId);
    return rows.map((row) => ({ ...row, interrupted: row["interrupted"] === 1 }) as unknown as TurnRow);
  },
};

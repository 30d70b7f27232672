import type { InboxRow } from "../../../composer/store.ts";
import type { ReadContext, WriteContext } from "../contexts.ts";

export const inboxWrites = {
  "inbox.accept"({ sql }: WriteContext, row: InboxRow): boolean {
    const { changes } = sql(
      `INSERT INTO inbox (id, session_id, channel, received_at, payload, attempts) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
    ).run(row.id, row.sessionId, row.channel, row.receivedAt, row.payload, row.attempts);
    return changes > 0;
  },

  /** The id stays, so that a later repeat is not accepted; what it said does not. */
  "inbox.done"({ sql }: WriteContext, id: string): void {
    sql("UPDATE inbox SET done = 1, payload = '' WHERE id = ?").run(id);
  },

  "inbox.failed"({ sql }: WriteContext, { id, code }: { id: string; code: string }): void {
    sql("UPDATE inbox SET attempts = attempts + 1, error = ? WHERE id = ?").run(code, id);
  },
};

export const inboxReads = {
  "inbox.pending"(
    { sql }: ReadContext,
    { limit, maxAttempts }: { limit: number; maxAttempts: number },
  ): InboxRow[] {
    const rows = sql(
      `SELECT id, session_id AS sessionId, channel, received_at AS receivedAt, payload, attempts
       FROM inbox WHERE done = 0 AND attempts < ? ORDER BY seq LIMIT ?`,
    ).all(maxAttempts, limit);
    return rows.map((row) => ({ ...row }) as InboxRow);
  },
};

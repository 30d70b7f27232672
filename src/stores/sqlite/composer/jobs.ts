import type { JobRow } from "../../../composer/store.ts";
import type { WriteContext } from "../contexts.ts";

const COLUMNS = "id, kind, session_id AS sessionId, due_at AS dueAt, attempts, payload";

export const jobWrites = {
  "jobs.put"({ sql }: WriteContext, job: JobRow): void {
    sql("INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?)").run(
      job.id,
      job.kind,
      job.sessionId,
      job.dueAt,
      job.attempts,
      job.payload,
    );
  },

  /** Moves the due time on by the lease: a job whose worker dies is due again after it. */
  "jobs.claim"(
    { sql }: WriteContext,
    { now, limit, leaseMs }: { now: number; limit: number; leaseMs: number },
  ): JobRow[] {
    const due = sql(`SELECT ${COLUMNS} FROM jobs WHERE due_at <= ? ORDER BY due_at, id LIMIT ?`).all(
      now,
      limit,
    );
    const lease = sql("UPDATE jobs SET due_at = ? WHERE id = ?");
    for (const job of due) lease.run(now + leaseMs, job["id"]!);
    return due.map((job) => ({ ...job }) as JobRow);
  },

  "jobs.done"({ sql }: WriteContext, id: string): void {
    sql("DELETE FROM jobs WHERE id = ?").run(id);
  },

  "jobs.removeFor"({ sql }: WriteContext, sessionId: string): void {
    sql("DELETE FROM jobs WHERE session_id = ?").run(sessionId);
  },
};

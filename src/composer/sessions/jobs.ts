import type { ComposerParts } from "../parts.ts";
import type { JobRow, SessionRow } from "../store.ts";

/**
 * Work with a due time, kept in the store so that a crash or another gateway finds it.
 * `limit`, `absent` and `left` are the guard's timers; `keep_alive` tells the vendor that the session is in use;
 * `goodbye` ends a call that the agent has ended, once it has said so; `close` ends at the vendor; `settle` fetches the transcript and hands it to memory.
 */
export type JobKind = "limit" | "absent" | "left" | "keep_alive" | "goodbye" | "close" | "settle";

/** Sets the job of this kind for the session, replacing the one that was there. */
export async function schedule(
  parts: ComposerParts,
  kind: JobKind,
  sessionId: string,
  dueAt: number,
  attempts = 0,
): Promise<void> {
  const job: JobRow = { id: jobId(kind, sessionId), kind, sessionId, dueAt, attempts, payload: "{}" };
  await parts.store.jobs.put(job);
}

export async function unschedule(parts: ComposerParts, kind: JobKind, sessionId: string): Promise<void> {
  await parts.store.jobs.done(jobId(kind, sessionId));
}

/** Our own clock beside the vendor's: nobody came, the longest that a call may last, and the next sign of life. */
export async function scheduleTimers(parts: ComposerParts, row: SessionRow): Promise<void> {
  const openedAt = row.openedAt ?? row.createdAt;
  const limits = parts.personas.get(row.persona)?.limits;
  await schedule(parts, "limit", row.id, openedAt + row.maxDurationMs);
  if (limits) await schedule(parts, "absent", row.id, openedAt + limits.absentTimeoutMs);
  const every = parts.adapters.get(row.vendor)?.capabilities.keepAliveMs;
  if (every !== undefined) await schedule(parts, "keep_alive", row.id, openedAt + every);
}

/** Doubling from two seconds to half a minute. */
export function backoffMs(attempts: number): number {
  return Math.min(30_000, 2_000 * 2 ** attempts);
}

function jobId(kind: JobKind, sessionId: string): string {
  return `${kind}:${sessionId}`;
}

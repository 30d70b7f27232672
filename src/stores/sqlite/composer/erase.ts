import type { SessionRow } from "../../../composer/store.ts";
import type { WriteContext } from "../contexts.ts";

/**
 * What sessions kept of memories that go for good goes in the same transaction: the turns that they came from,
 * the briefings that quoted them, and what tools answered in those sessions.
 */
export function eraseCopies(
  context: WriteContext,
  bankId: string,
  memories: Array<{ id: string; sessionId: string | null; turnId: string | null }>,
): void {
  const { sql } = context;
  const drop = sql("DELETE FROM turns WHERE session_id = ? AND key = ?");
  for (const { sessionId, turnId } of memories) {
    if (sessionId !== null && turnId !== null) drop.run(sessionId, turnId);
  }
  const ids = new Set(memories.map(({ id }) => id));
  for (const session of sessionsOf(context, bankId)) {
    const { briefing } = session;
    const quoted = briefing !== null && [...briefing.matchAll(/mem_\w+/g)].some(([id]) => ids.has(id));
    if (quoted) saveWithout(context, session);
    sql("UPDATE tool_calls SET output = '' WHERE session_id = ? AND name = 'recall'").run(session.id);
  }
  for (const id of ids)
    sql("UPDATE tool_calls SET output = '', memory_id = NULL WHERE memory_id = ?").run(id);
}

/** All that the sessions of a bank kept of the person. */
export function eraseAllCopies(context: WriteContext, bankId: string): void {
  const { sql } = context;
  for (const session of sessionsOf(context, bankId)) {
    sql("DELETE FROM turns WHERE session_id = ?").run(session.id);
    sql("UPDATE tool_calls SET output = '', memory_id = NULL WHERE session_id = ?").run(session.id);
    if (session.briefing !== null) saveWithout(context, session);
  }
}

function sessionsOf({ sql }: WriteContext, bankId: string): SessionRow[] {
  const rows = sql("SELECT row FROM sessions WHERE bank_id = ?").all(bankId);
  return rows.map(({ row }) => JSON.parse(row as string) as SessionRow);
}

function saveWithout({ sql }: WriteContext, session: SessionRow): void {
  sql("UPDATE sessions SET row = ? WHERE id = ?").run(
    JSON.stringify({ ...session, briefing: null }),
    session.id,
  );
}

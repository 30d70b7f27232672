import type { ToolCallRow } from "../../../composer/store.ts";
import type { Connection } from "../connection.ts";
import type { ReadContext, WriteContext } from "../contexts.ts";

const COLUMNS = "session_id AS sessionId, id, name, status, output, at, memory_id AS memoryId";

function find({ sql }: Connection, sessionId: string, id: string): ToolCallRow | undefined {
  const row = sql(`SELECT ${COLUMNS} FROM tool_calls WHERE session_id = ? AND id = ?`).get(sessionId, id);
  return row && ({ ...row } as ToolCallRow);
}

function put({ sql }: WriteContext, row: ToolCallRow): void {
  sql("INSERT OR REPLACE INTO tool_calls VALUES (?, ?, ?, ?, ?, ?, ?)").run(
    row.sessionId,
    row.id,
    row.name,
    row.status,
    row.output,
    row.at,
    row.memoryId,
  );
}

export const toolCallWrites = {
  "toolCalls.begin"(context: WriteContext, row: ToolCallRow): ToolCallRow | undefined {
    const known = find(context, row.sessionId, row.id);
    if (!known) put(context, row);
    return known;
  },

  "toolCalls.finish": put,
};

export const toolCallReads = {
  "toolCalls.list"(
    { sql }: ReadContext,
    { sessionId, limit }: { sessionId: string; limit: number },
  ): ToolCallRow[] {
    const rows = sql(
      `SELECT ${COLUMNS} FROM tool_calls WHERE session_id = ? ORDER BY at DESC, id DESC LIMIT ?`,
    ).all(sessionId, limit);
    return rows.map((row) => ({ ...row }) as ToolCallRow);
  },
};

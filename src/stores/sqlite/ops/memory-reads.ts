import { AstrocyteError } from "../../../core/errors.ts";
import type { MemoryRow, NewMemory, Selector } from "../../../memory/store.ts";
import type { ReadContext } from "../contexts.ts";
import { BANK_SPAN, type BankState, findBank } from "./banks.ts";
import { storedResult } from "./memory-writes.ts";
import { MEMORY_CELLS, MEMORY_COLUMNS, toMemoryRow } from "./rows.ts";
import { unpackVector } from "./vectors.ts";

type InBank<T> = T & { bankId: string };

export const memoryReads = {
  "memories.idempotent"(context: ReadContext, args: InBank<{ key: string }>): string | undefined {
    const bank = findBank(context, args.bankId);
    return bank && storedResult(context, bank, args.key);
  },

  "memories.get"(context: ReadContext, { bankId, ids }: InBank<{ ids: string[] }>): MemoryRow[] {
    return rowsOf(
      context,
      bankId,
      ids,
      `SELECT ${MEMORY_COLUMNS} FROM json_each(?) AS wanted
       CROSS JOIN memories ON bank = ? AND memories.id = wanted.value JOIN texts ON texts.key = memories.key`,
    );
  },

  "memories.byHash"(
    context: ReadContext,
    args: InBank<{ hashes: string[] }>,
  ): Array<{ id: string; hash: string }> {
    const bank = findBank(context, args.bankId);
    if (!bank) return [];
    const statement = context.sql(
      "SELECT id, hash FROM memories WHERE bank = ? AND hash = ? AND deleted_at IS NULL",
    );
    const found = args.hashes.flatMap((hash) => statement.all(bank.key, hash));
    return found.map(({ id, hash }) => ({ id: id as string, hash: hash as string }));
  },

  "memories.bySlot"(context: ReadContext, { bankId, slots }: InBank<{ slots: string[] }>): MemoryRow[] {
    return rowsOf(
      context,
      bankId,
      slots,
      `SELECT ${MEMORY_COLUMNS} FROM json_each(?) AS wanted
       CROSS JOIN memories ON bank = ? AND slot = wanted.value JOIN texts ON texts.key = memories.key
       WHERE deleted_at IS NULL ORDER BY wanted.key, memories.key`,
    );
  },

  "memories.lastPosition"(context: ReadContext, args: InBank<{ sessionId: string }>): number {
    const bank = findBank(context, args.bankId);
    if (!bank) return -1;
    const row = context
      .sql("SELECT max(position) AS last FROM memories WHERE bank = ? AND session_id = ?")
      .get(bank.key, args.sessionId);
    return (row?.["last"] as number | null) ?? -1;
  },

  "memories.select"(context: ReadContext, { bankId, selector }: InBank<{ selector: Selector }>): string[] {
    const bank = findBank(context, bankId);
    const conditions = toConditions(selector);
    if (!bank || conditions.length === 0) return [];
    const where = conditions.map(([text]) => `AND ${text}`).join(" ");
    const rows = context
      .sql(`SELECT id FROM memories WHERE bank = ? ${where} ORDER BY key`)
      .all(bank.key, ...conditions.flatMap(([, values]) => values));
    return rows.map((row) => row["id"] as string);
  },

  "memories.scan"(
    context: ReadContext,
    args: InBank<{ after: string | undefined; limit: number }>,
  ): NewMemory[] {
    const bank = findBank(context, args.bankId);
    if (!bank) return [];
    const from = args.after === undefined ? bank.key * BANK_SPAN : keyOf(context, bank, args.after) + 1;
    const records = recordsOf(
      context,
      `SELECT ${MEMORY_COLUMNS}, vectors.data
       FROM memories JOIN texts ON texts.key = memories.key LEFT JOIN vectors ON vectors.key = memories.key
       WHERE memories.key BETWEEN ? AND ? ORDER BY memories.key LIMIT ?`,
      [from, (bank.key + 1) * BANK_SPAN - 1, args.limit],
    );
    return records.map((cells) => {
      const data = cells[MEMORY_CELLS] as Uint8Array | null;
      return {
        row: toMemoryRow(cells, args.bankId),
        vector: data ? unpackVector(data) : new Float32Array(0),
      };
    });
  },
};

/** The memories of one query over all values, whose parameters are the values and the bank; in their order. */
function rowsOf(context: ReadContext, bankId: string, values: string[], query: string): MemoryRow[] {
  const bank = findBank(context, bankId);
  if (!bank || values.length === 0) return [];
  const records = recordsOf(context, query, [JSON.stringify(values), bank.key]);
  return records.map((cells) => toMemoryRow(cells, bankId));
}

/** Records as lists of cells: objects cost a third more. */
function recordsOf({ sql }: ReadContext, query: string, values: Array<string | number>): unknown[][] {
  const statement = sql(query);
  statement.setReturnArrays(true);
  return statement.all(...values) as unknown as unknown[][];
}

function keyOf({ sql }: ReadContext, bank: BankState, id: string): number {
  const row = sql("SELECT key FROM memories WHERE bank = ? AND id = ?").get(bank.key, id);
  if (row) return row["key"] as number;
  throw new AstrocyteError("not_found", "[store] the memory to go on from is gone. Start the scan again.");
}

const HAS_ALL_TAGS = `NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted
  WHERE wanted.value NOT IN (SELECT value FROM json_each(memories.tags)))`;

/** All fields of a selector must hold. An empty one selects nothing. */
function toConditions(selector: Selector): Array<[string, Array<string | number>]> {
  const { memoryIds, tags, before, source, sessionId, expiredAt, deletedBefore, all } = selector;
  const conditions: Array<[string, Array<string | number>]> = [];
  if (memoryIds) conditions.push(["id IN (SELECT value FROM json_each(?))", [JSON.stringify(memoryIds)]]);
  if (tags?.length) conditions.push([HAS_ALL_TAGS, [JSON.stringify(tags)]]);
  if (before !== undefined) conditions.push(["occurred_at < ?", [before]]);
  if (source !== undefined) conditions.push(["source = ?", [source]]);
  if (sessionId !== undefined) conditions.push(["session_id = ?", [sessionId]]);
  if (expiredAt !== undefined) conditions.push(["expires_at <= ?", [expiredAt]]);
  if (deletedBefore !== undefined) conditions.push(["deleted_at <= ?", [deletedBefore]]);
  if (all) conditions.push(["1", []]);
  return conditions;
}

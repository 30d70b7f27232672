import { AstrocyteError } from "../../../core/errors.ts";
import type { MemoryRow, NewMemory, Selector } from "../../../memory/store.ts";
import type { ReadContext } from "../contexts.ts";
import { BANK_SPAN, type BankState, findBank } from "./banks.ts";
import { storedResult } from "./memory-writes.ts";
import { SELECT_MEMORIES, SELECT_MEMORIES_WITH_VECTORS, toMemoryRow } from "./rows.ts";
import { unpackVector } from "./vectors.ts";

type InBank<T> = T & { bankId: string };

export const memoryReads = {
  "memories.idempotent"(context: ReadContext, args: InBank<{ key: string }>): string | undefined {
    const bank = findBank(context, args.bankId);
    return bank && storedResult(context, bank, args.key);
  },

  "memories.get"(context: ReadContext, { bankId, ids }: InBank<{ ids: string[] }>): MemoryRow[] {
    return each(context, bankId, ids, `${SELECT_MEMORIES} WHERE bank = ? AND id = ?`).map((record) =>
      toMemoryRow(record, bankId),
    );
  },

  "memories.byHash"(
    context: ReadContext,
    args: InBank<{ hashes: string[] }>,
  ): Array<{ id: string; hash: string }> {
    const found = each(
      context,
      args.bankId,
      args.hashes,
      "SELECT id, hash FROM memories WHERE bank = ? AND hash = ? AND deleted_at IS NULL",
    );
    return found.map(({ id, hash }) => ({ id: id as string, hash: hash as string }));
  },

  "memories.bySlot"(context: ReadContext, { bankId, slots }: InBank<{ slots: string[] }>): MemoryRow[] {
    return each(
      context,
      bankId,
      slots,
      `${SELECT_MEMORIES} WHERE bank = ? AND slot = ? AND deleted_at IS NULL ORDER BY memories.key`,
    ).map((record) => toMemoryRow(record, bankId));
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
    const records = context
      .sql(`${SELECT_MEMORIES_WITH_VECTORS} WHERE memories.key BETWEEN ? AND ? ORDER BY memories.key LIMIT ?`)
      .all(from, (bank.key + 1) * BANK_SPAN - 1, args.limit);
    return records.map((record) => ({
      row: toMemoryRow(record, args.bankId),
      vector: record["data"] ? unpackVector(record["data"] as Uint8Array) : new Float32Array(0),
    }));
  },
};

/** The records of one query put once for every value, in the order of the values. */
function each(
  context: ReadContext,
  bankId: string,
  values: string[],
  query: string,
): Array<Record<string, unknown>> {
  const bank = findBank(context, bankId);
  if (!bank) return [];
  const statement = context.sql(query);
  return values.flatMap((value) => statement.all(bank.key, value));
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

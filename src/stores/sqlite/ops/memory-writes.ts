import { AstrocyteError } from "../../../core/errors.ts";
import type { MemoryRow, NewAuditEntry, NewMemory, WriteBatch, WriteOutcome } from "../../../memory/store.ts";
import { eraseCopies } from "../composer/erase.ts";
import type { WriteContext } from "../contexts.ts";
import { appendAudit } from "./audit.ts";
import { BANK_SPAN, type BankState, findBank, requireBank } from "./banks.ts";
import { INSERT_MEMORY, toBody, toValues } from "./rows.ts";
import { packVector } from "./vectors.ts";

export const memoryWrites = {
  "memories.write"(context: WriteContext, batch: WriteBatch): WriteOutcome {
    const bank = requireBank(context, batch.bankId);
    const known = batch.idempotency && storedResult(context, bank, batch.idempotency.key);
    if (known !== undefined) return { duplicates: {}, idempotent: known };
    const duplicates = insertAll(context, bank, batch.memories);
    for (const { memoryId, seenAt, expiresAt } of batch.merges) {
      mergeInto(context, bank, memoryId, seenAt, expiresAt);
    }
    for (const { memoryId, by, at } of batch.supersedes) {
      const winner = by === null ? null : (duplicates[by] ?? by);
      if (winner !== memoryId) supersede(context, bank, memoryId, winner, at);
    }
    if (batch.idempotency) {
      const { key, result } = batch.idempotency;
      context.sql("INSERT INTO idempotency VALUES (?, ?, ?)").run(bank.key, key, result);
    }
    appendAudit(context, batch.audit);
    return { duplicates };
  },

  "memories.softDelete"(context: WriteContext, args: Removal & { at: number }): number {
    const bank = findBank(context, args.bankId);
    const mark = context.sql(
      "UPDATE memories SET deleted_at = ?, changed = ? WHERE bank = ? AND id = ? AND deleted_at IS NULL",
    );
    const version = bank && nextVersion(context, bank);
    const count = bank ? sum(args.ids, (id) => mark.run(args.at, version!, bank.key, id).changes) : 0;
    appendAudit(context, [args.audit]);
    return count;
  },

  /** A memory that was said again since its deletion stays deleted: the newer one is what the bank knows. */
  "memories.restore"(context: WriteContext, args: Removal): number {
    const bank = findBank(context, args.bankId);
    const unmark = context.sql(
      `UPDATE OR IGNORE memories SET deleted_at = NULL, changed = ?
       WHERE bank = ? AND id = ? AND deleted_at IS NOT NULL`,
    );
    const version = bank && nextVersion(context, bank);
    const count = bank ? sum(args.ids, (id) => unmark.run(version!, bank.key, id).changes) : 0;
    appendAudit(context, [args.audit]);
    return count;
  },

  "memories.purge"(context: WriteContext, args: Removal): number {
    const bank = findBank(context, args.bankId);
    if (bank) eraseCopies(context, args.bankId, originsOf(context, bank, args.ids));
    const count = bank ? sum(args.ids, (id) => erase(context, bank, id)) : 0;
    if (bank && count > 0) {
      nextVersion(context, bank);
      context.sql("UPDATE banks SET purges = purges + 1 WHERE key = ?").run(bank.key);
    }
    appendAudit(context, [args.audit]);
    context.scrub();
    return count;
  },

  "memories.replaceVectors"(context: WriteContext, args: Replacement): void {
    const bank = requireBank(context, args.bankId);
    const version = nextVersion(context, bank);
    const touch = context.sql("UPDATE memories SET changed = ? WHERE bank = ? AND id = ? RETURNING key");
    const store = context.sql("INSERT OR REPLACE INTO vectors VALUES (?, ?)");
    for (const { id, vector } of args.vectors) {
      const row = touch.get(version, bank.key, id);
      if (row) store.run(row["key"]!, packVector(vector));
    }
    if (args.model !== undefined) {
      context.sql("UPDATE banks SET embedding_model = ? WHERE key = ?").run(args.model, bank.key);
    }
  },
};

/** Where memories were said. */
function originsOf({ sql }: WriteContext, bank: BankState, ids: string[]) {
  const find = sql(
    "SELECT session_id AS sessionId, turn_id AS turnId FROM memories WHERE bank = ? AND id = ?",
  );
  return ids.flatMap((id) => {
    const row = find.get(bank.key, id) as { sessionId: string | null; turnId: string | null } | undefined;
    return row ? [{ id, ...row }] : [];
  });
}

type Removal = { bankId: string; ids: string[]; audit: NewAuditEntry };
type Replacement = { bankId: string; vectors: Array<{ id: string; vector: Float32Array }>; model?: string };

export function storedResult(
  { sql }: Pick<WriteContext, "sql">,
  bank: BankState,
  key: string,
): string | undefined {
  const row = sql("SELECT result FROM idempotency WHERE bank = ? AND key = ?").get(bank.key, key);
  return row?.["result"] as string | undefined;
}

/** Returns which of them the bank already knew, and as what. */
function insertAll(context: WriteContext, bank: BankState, memories: NewMemory[]): Record<string, string> {
  const duplicates: Record<string, string> = {};
  if (memories.length === 0) return duplicates;
  const twin = context.sql("SELECT id FROM memories WHERE bank = ? AND hash = ? AND deleted_at IS NULL");
  let next = bank.next;
  for (const { row, vector } of memories) {
    const known = row.deletedAt === null && twin.get(bank.key, row.hash);
    if (known) {
      const id = known["id"] as string;
      duplicates[row.id] = id;
      mergeInto(context, bank, id, row.lastSeenAt, row.expiresAt);
    } else insertOne(context, bank, next++, row, vector);
  }
  context.sql("UPDATE banks SET next = ?, version = version + 1 WHERE key = ?").run(next, bank.key);
  return duplicates;
}

function insertOne(
  { sql }: WriteContext,
  bank: BankState,
  number: number,
  row: MemoryRow,
  vector: Float32Array,
) {
  if (number >= BANK_SPAN)
    throw new AstrocyteError("store_full", "[store] the bank is full. Use another bank.");
  const key = bank.key * BANK_SPAN + number;
  sql(INSERT_MEMORY).run(key, bank.key, ...toValues(row));
  sql("INSERT INTO texts VALUES (?, ?)").run(key, toBody(row));
  if (vector.length > 0) sql("INSERT INTO vectors VALUES (?, ?)").run(key, packVector(vector));
}

/** Said again: the later of the two expiries holds, so that what was just said does not vanish with the old. */
function mergeInto(
  context: WriteContext,
  bank: BankState,
  id: string,
  seenAt: number,
  expiresAt?: number | null,
) {
  const { sql } = context;
  sql(
    `UPDATE memories SET seen_count = seen_count + 1, last_seen_at = max(last_seen_at, ?)
     WHERE bank = ? AND id = ?`,
  ).run(seenAt, bank.key, id);
  if (expiresAt === undefined) return;
  sql(
    `UPDATE memories SET expires_at = ?1, changed = (SELECT version + 1 FROM banks WHERE key = ?2)
     WHERE bank = ?2 AND id = ?3 AND expires_at IS NOT NULL AND (?1 IS NULL OR expires_at < ?1)`,
  ).run(expiresAt, bank.key, id);
  nextVersion(context, bank);
}

function supersede(
  { sql }: WriteContext,
  bank: BankState,
  id: string,
  by: string | null,
  at: number | null,
): void {
  sql("UPDATE memories SET superseded_by = ?, superseded_at = ? WHERE bank = ? AND id = ?").run(
    by,
    at,
    bank.key,
    id,
  );
}

/** Counts the bank's changes: a reader whose index has another version catches up first. */
function nextVersion({ sql }: WriteContext, bank: BankState): number {
  const row = sql("UPDATE banks SET version = version + 1 WHERE key = ? RETURNING version").get(bank.key);
  return row!["version"] as number;
}

function erase({ sql }: WriteContext, bank: BankState, id: string): number {
  const row = sql("DELETE FROM memories WHERE bank = ? AND id = ? RETURNING key").get(bank.key, id);
  if (!row) return 0;
  sql("DELETE FROM texts WHERE key = ?").run(row["key"]!);
  sql("DELETE FROM vectors WHERE key = ?").run(row["key"]!);
  return 1;
}

function sum(ids: string[], change: (id: string) => number | bigint): number {
  return ids.reduce((total, id) => total + Number(change(id)), 0);
}

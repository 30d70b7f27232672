import { CHAIN_START, chainHash } from "../../../core/hash-chain.ts";
import type { AuditRow, NewAuditEntry } from "../../../memory/store.ts";
import type { Connection } from "../connection.ts";
import type { ReadContext, WriteContext } from "../contexts.ts";

/**
 * Appends to the chain; called inside the transaction of the change that an entry records. The hash covers
 * the six fields of `NewAuditEntry` and the hash before it.
 */
export function appendAudit(context: WriteContext, entries: NewAuditEntry[]): void {
  for (const entry of entries) appendOne(context, entry);
}

function appendOne({ sql }: Connection, { at, principal, operation, bankId, outcome, facts }: NewAuditEntry) {
  const last = sql("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").get() as
    | { seq: number; hash: string }
    | undefined;
  const previous = last?.hash ?? CHAIN_START;
  const hash = chainHash(previous, { at, principal, operation, bankId, outcome, facts });
  sql("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
    (last?.seq ?? 0) + 1,
    at,
    principal,
    operation,
    bankId,
    outcome,
    JSON.stringify(facts),
    previous,
    hash,
  );
}

const COLUMNS = `seq, at, principal, operation, bank_id AS bankId, outcome, facts,
  previous_hash AS previousHash, hash`;

export const auditWrites = {
  "audit.append": (context: WriteContext, entries: NewAuditEntry[]): void => appendAudit(context, entries),
};

export const auditReads = {
  "audit.read"({ sql }: ReadContext, args: { afterSeq: number; limit: number; bankId?: string }): AuditRow[] {
    const { afterSeq, limit, bankId } = args;
    const rows =
      bankId === undefined
        ? sql(`SELECT ${COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`).all(afterSeq, limit)
        : sql(`SELECT ${COLUMNS} FROM audit WHERE bank_id = ? AND seq > ? ORDER BY seq LIMIT ?`).all(
            bankId,
            afterSeq,
            limit,
          );
    return rows.map((row) => ({ ...row, facts: JSON.parse(row["facts"] as string) }) as AuditRow);
  },
};

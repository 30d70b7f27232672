import { AstrocyteError } from "../../../core/errors.ts";
import type { BankRow, NewAuditEntry } from "../../../memory/store.ts";
import { eraseAllCopies } from "../composer/erase.ts";
import type { Connection } from "../connection.ts";
import type { ReadContext, WriteContext } from "../contexts.ts";
import { appendAudit } from "./audit.ts";

/** Memories of bank `k` have the keys from `k × BANK_SPAN` on: 268 million a bank, 33 million banks. */
export const BANK_SPAN = 2 ** 28;

/** A bank as the other operations see it. */
export type BankState = { key: number; version: number; next: number; purges: number };

const COLUMNS = "id, owner, created_at AS createdAt, embedding_model AS embeddingModel";

export function findBank({ sql }: Connection, bankId: string): BankState | undefined {
  return sql("SELECT key, version, next, purges FROM banks WHERE id = ?").get(bankId) as
    | BankState
    | undefined;
}

export function requireBank(connection: Connection, bankId: string): BankState {
  const bank = findBank(connection, bankId);
  if (bank) return bank;
  throw new AstrocyteError("not_found", "[store] there is no such bank. Create it first.");
}

function get({ sql }: Connection, bankId: string): BankRow | undefined {
  const row = sql(`SELECT ${COLUMNS} FROM banks WHERE id = ?`).get(bankId);
  return row && ({ ...row } as BankRow);
}

export const bankWrites = {
  /** Answered once the file is open and up to date. */
  "store.ready": (): void => {},

  "banks.ensure"(context: WriteContext, bank: BankRow): BankRow {
    context
      .sql(
        `INSERT INTO banks (id, owner, created_at, embedding_model) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO NOTHING`,
      )
      .run(bank.id, bank.owner, bank.createdAt, bank.embeddingModel);
    return get(context, bank.id)!;
  },

  "banks.drop"(context: WriteContext, { bankId, audit }: { bankId: string; audit: NewAuditEntry }): void {
    const { sql } = context;
    const bank = findBank(context, bankId);
    if (bank) {
      const from = bank.key * BANK_SPAN;
      sql("DELETE FROM texts WHERE key BETWEEN ? AND ?").run(from, from + BANK_SPAN - 1);
      sql("DELETE FROM vectors WHERE key BETWEEN ? AND ?").run(from, from + BANK_SPAN - 1);
      sql("DELETE FROM memories WHERE key BETWEEN ? AND ?").run(from, from + BANK_SPAN - 1);
      sql("DELETE FROM idempotency WHERE bank = ?").run(bank.key);
      sql("DELETE FROM banks WHERE key = ?").run(bank.key);
    }
    eraseAllCopies(context, bankId);
    sql("DELETE FROM grants WHERE bank_id = ?").run(bankId);
    sql("DELETE FROM holds WHERE bank_id = ?").run(bankId);
    appendAudit(context, [audit]);
    context.scrub();
  },
};

export const bankReads = {
  "banks.get": (context: Connection, bankId: string): BankRow | undefined => get(context, bankId),

  /** Counts live memories. */
  "banks.list"({ sql }: ReadContext): Array<BankRow & { memories: number }> {
    const rows = sql(
      `SELECT ${COLUMNS},
        (SELECT count(*) FROM memories WHERE bank = banks.key AND deleted_at IS NULL) AS memories
       FROM banks ORDER BY key`,
    ).all();
    return rows.map((row) => ({ ...row }) as BankRow & { memories: number });
  },
};

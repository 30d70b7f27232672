import type { NewAuditEntry } from "../../../memory/store.ts";
import type { Grant, Hold, Permission, Principal } from "../../../memory/types.ts";
import type { Connection } from "../connection.ts";
import type { WriteContext } from "../contexts.ts";
import { appendAudit } from "./audit.ts";

type NewGrant = { bankId: string; principal: Principal; permissions: Permission[]; audit: NewAuditEntry };
type Consumption = { counter: string; windowStart: number; amount: number; limit: number };

export const governanceWrites = {
  "grants.set"(context: WriteContext, { bankId, principal, permissions, audit }: NewGrant): void {
    context
      .sql("INSERT OR REPLACE INTO grants VALUES (?, ?, ?)")
      .run(bankId, principal, JSON.stringify(permissions));
    appendAudit(context, [audit]);
  },

  "grants.remove"(context: WriteContext, { bankId, principal, audit }: Omit<NewGrant, "permissions">): void {
    context.sql("DELETE FROM grants WHERE bank_id = ? AND principal = ?").run(bankId, principal);
    appendAudit(context, [audit]);
  },

  "holds.set"(context: WriteContext, { hold, audit }: { hold: Hold; audit: NewAuditEntry }): void {
    const { bankId, holdId, reason, setBy, setAt } = hold;
    context
      .sql("INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?, ?)")
      .run(bankId, holdId, reason, setBy, setAt);
    appendAudit(context, [audit]);
  },

  "holds.remove"(
    context: WriteContext,
    args: { bankId: string; holdId: string; audit: NewAuditEntry },
  ): boolean {
    const { changes } = context
      .sql("DELETE FROM holds WHERE bank_id = ? AND id = ?")
      .run(args.bankId, args.holdId);
    appendAudit(context, [args.audit]);
    return changes > 0;
  },

  /** A later window starts from nothing; a call of an earlier one counts in the window that is open. */
  "counters.consume"({ sql }: WriteContext, args: Consumption): { allowed: boolean; used: number } {
    const { counter, windowStart, amount, limit } = args;
    const row = sql("SELECT window_start AS start, used FROM counters WHERE name = ?").get(counter) as
      | { start: number; used: number }
      | undefined;
    const used = row && row.start >= windowStart ? row.used : 0;
    if (used + amount > limit) return { allowed: false, used };
    const start = Math.max(row?.start ?? windowStart, windowStart);
    sql("INSERT OR REPLACE INTO counters VALUES (?, ?, ?)").run(counter, start, used + amount);
    return { allowed: true, used: used + amount };
  },
};

export const governanceReads = {
  "grants.list"({ sql }: Connection, bankId: string): Grant[] {
    const rows = sql("SELECT principal, permissions FROM grants WHERE bank_id = ? ORDER BY principal").all(
      bankId,
    );
    return rows.map((row) => ({
      principal: row["principal"] as string,
      permissions: JSON.parse(row["permissions"] as string) as Permission[],
    }));
  },

  "holds.list"({ sql }: Connection, bankId: string): Hold[] {
    const rows = sql(
      `SELECT id AS holdId, bank_id AS bankId, reason, set_by AS setBy, set_at AS setAt
       FROM holds WHERE bank_id = ? ORDER BY set_at, id`,
    ).all(bankId);
    return rows.map((row) => ({ ...row }) as Hold);
  },
};

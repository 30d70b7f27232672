import { CHAIN_START, chainHash } from "../../core/hash-chain.ts";
import type { AuditLog, AuditRow, NewAuditEntry } from "../store.ts";
import type { AstrocyteContext } from "../types.ts";
import type { Operation } from "./policy.ts";
import { isActingPrincipal, partyPrincipal } from "./principals.ts";

/** Counts, ids, names and flags; never content. */
export type AuditFacts = Record<string, string | number | boolean | readonly string[]>;

/** An entry of the audit: who, for whom, did what where, and how it ended. */
export function auditEntry(input: {
  at: number;
  context: AstrocyteContext;
  operation: Operation;
  bankId: string;
  outcome: string;
  facts?: AuditFacts;
}): NewAuditEntry {
  const { at, context, operation, bankId, outcome, facts = {} } = input;
  const parties = {
    ...(context.actor ? { actor: safePrincipal(partyPrincipal(context.actor)) } : {}),
    ...(context.onBehalfOf ? { onBehalfOf: safePrincipal(partyPrincipal(context.onBehalfOf)) } : {}),
    ...(context.tenantId ? { tenantId: context.tenantId.slice(0, 128) } : {}),
  };
  const principal = safePrincipal(context.principal);
  return { at, principal, operation, bankId, outcome, facts: { ...facts, ...parties } };
}

/** What is not a principal is not copied into the audit either. */
function safePrincipal(principal: string): string {
  return isActingPrincipal(principal) ? principal : "invalid";
}

export type AuditVerdict = {
  ok: boolean;
  /** Entries that were read, up to and with the broken one. */
  entries: number;
  /** `seq` of the first entry that was changed, or that follows a removed one. */
  brokenAt?: number;
  /** The last good hash. Kept elsewhere and compared later, it shows that the end was cut off. */
  head: string;
};

const PAGE = 1_000;

/** Recomputes the whole chain, a page at a time. */
export async function verifyAudit(log: Pick<AuditLog, "read">): Promise<AuditVerdict> {
  let head = CHAIN_START;
  let seq = 0;
  for (;;) {
    const page = await log.read(seq, PAGE);
    for (const row of page) {
      if (!follows(row, seq, head)) return { ok: false, entries: seq + 1, brokenAt: row.seq, head };
      seq = row.seq;
      head = row.hash;
    }
    if (page.length === 0) return { ok: true, entries: seq, head };
  }
}

function follows(row: AuditRow, previousSeq: number, previousHash: string): boolean {
  const { at, principal, operation, bankId, outcome, facts } = row;
  return (
    row.seq === previousSeq + 1 &&
    row.previousHash === previousHash &&
    row.hash === chainHash(previousHash, { at, principal, operation, bankId, outcome, facts })
  );
}

import { CHAIN_START, chainHash } from "../../core/hash-chain.ts";
import type { AuditRow, NewAuditEntry } from "../store.ts";
import type { Grant, Hold, Principal } from "../types.ts";

/** As much of a memory store as the policy's tests need; `calls` counts what was asked of it. */
export function fakeStore() {
  const owners = new Map<string, Principal>();
  const grants = new Map<string, Grant[]>();
  const holds = new Map<string, Hold[]>();
  const counters = new Map<string, number>();
  const rows: AuditRow[] = [];
  const calls = { get: 0, grants: 0, holds: 0, consume: 0 };

  return {
    owners,
    grantsOf: grants,
    holdsOf: holds,
    rows,
    calls,
    banks: {
      async get(id: string) {
        calls.get++;
        const owner = owners.get(id);
        return owner === undefined ? undefined : { id, owner, createdAt: 0, embeddingModel: "none" };
      },
    },
    governance: {
      async grants(bankId: string) {
        calls.grants++;
        return grants.get(bankId) ?? [];
      },
      async holds(bankId: string) {
        calls.holds++;
        return holds.get(bankId) ?? [];
      },
      async consume(counter: string, windowStart: number, amount: number, limit: number) {
        calls.consume++;
        const key = `${counter}@${windowStart}`;
        const used = counters.get(key) ?? 0;
        if (used + amount > limit) return { allowed: false, used };
        counters.set(key, used + amount);
        return { allowed: true, used: used + amount };
      },
    },
    audit: {
      async append(entries: NewAuditEntry[]) {
        for (const entry of entries) {
          const previousHash = rows.at(-1)?.hash ?? CHAIN_START;
          rows.push({ ...entry, seq: rows.length + 1, previousHash, hash: chainHash(previousHash, entry) });
        }
      },
      async read(afterSeq: number, limit: number) {
        return rows.filter(({ seq }) => seq > afterSeq).slice(0, limit);
      },
    },
  };
}

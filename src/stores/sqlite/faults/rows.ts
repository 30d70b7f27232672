import type { MemoryRow, NewAuditEntry, WriteBatch } from "../../../memory/store.ts";

/** Rows for the tests of faults and for their child processes. */
export const NOW = Date.UTC(2026, 0, 15);

export const BANK = { id: "bank", owner: "user:anna", createdAt: NOW, embeddingModel: "model" };

export function auditEntry(operation: string): NewAuditEntry {
  return { at: NOW, principal: "user:anna", operation, bankId: BANK.id, outcome: "ok", facts: {} };
}

export function rowOf(id: string, text: string, changes: Partial<MemoryRow> = {}): MemoryRow {
  return {
    id,
    bankId: BANK.id,
    text,
    contentType: "text",
    factType: "statement",
    metadata: {},
    tags: [],
    source: null,
    sessionId: null,
    position: 0,
    speaker: null,
    turnId: null,
    occurredAt: NOW,
    retainedAt: NOW,
    expiresAt: null,
    hash: `hash of ${id}`,
    flags: [],
    slot: null,
    supersededBy: null,
    supersededAt: null,
    seenCount: 1,
    lastSeenAt: NOW,
    deletedAt: null,
    principal: "user:anna",
    ...changes,
  };
}

export function batchOf(rows: MemoryRow[], operation = "retain"): WriteBatch {
  const vector = new Float32Array(32).fill(1);
  return {
    bankId: BANK.id,
    memories: rows.map((row) => ({ row, vector })),
    merges: [],
    supersedes: [],
    audit: [auditEntry(operation)],
  };
}

import type { MemoryRow, MemoryStore, NewAuditEntry, NewMemory, WriteBatch } from "../../memory/store.ts";

export const NOW = Date.UTC(2026, 0, 15);
export const DIMENSIONS = 8;

/** What a case works with. `reopen` closes the store and opens the same data again. */
export type Opened = { store: MemoryStore; reopen(): Promise<MemoryStore>; destroy(): Promise<void> };
export type Case = { name: string; run(opened: Opened): Promise<void> };

export function entry(bankId: string, operation = "retain"): NewAuditEntry {
  return { at: NOW, principal: "user:anna", operation, bankId, outcome: "ok", facts: { count: 1 } };
}

/** A unit vector along one axis, or between several. */
export function along(...axes: number[]): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  for (const axis of axes) vector[axis] = 1 / Math.sqrt(axes.length);
  return vector;
}

export function memory(id: string, changes: Partial<MemoryRow> = {}, vector = along(0)): NewMemory {
  const row: MemoryRow = {
    id,
    bankId: "bank",
    text: `text of ${id}`,
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
    hash: `hash of ${changes.text ?? id}`,
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
  return { row, vector };
}

export function batch(memories: NewMemory[], changes: Partial<WriteBatch> = {}): WriteBatch {
  const bankId = memories[0]?.row.bankId ?? "bank";
  return { bankId, memories, merges: [], supersedes: [], audit: [], ...changes };
}

export async function newBank(store: MemoryStore, id = "bank"): Promise<void> {
  await store.banks.ensure({ id, owner: "user:anna", createdAt: NOW, embeddingModel: "model-1" });
}

/** A store with one bank that holds `memories`. */
export async function filled(store: MemoryStore, memories: NewMemory[]): Promise<MemoryStore> {
  await newBank(store);
  await store.memories.write(batch(memories));
  return store;
}

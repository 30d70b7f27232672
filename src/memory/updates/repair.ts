import type { Engine } from "../engine.ts";
import type { MemoryRow } from "../store.ts";
import { type Stated, settle, statedBy } from "./settle.ts";

/**
 * Settles slots again after memories went or came back: what a memory in `gone` had replaced is current again,
 * unless another one replaces it as well.
 */
export async function repairSlots(
  { store }: Engine,
  bankId: string,
  slots: Iterable<string>,
  gone: ReadonlySet<string> = new Set(),
): Promise<void> {
  const wanted = [...new Set(slots)];
  if (wanted.length === 0) return;
  const rows = await store.memories.bySlot(bankId, wanted);
  const before = new Map(rows.map((row) => [row.id, row.supersededBy]));
  for (const row of rows) {
    if (row.supersededBy !== null && gone.has(row.supersededBy)) clear(row);
  }
  for (const stated of Map.groupBy(rows, ({ slot }) => slot).values()) settleAll(stated.map(statedBy));
  const changed = rows.filter((row) => row.supersededBy !== before.get(row.id));
  if (changed.length === 0) return;
  const supersedes = changed.map(({ id, supersededBy, supersededAt }) => ({
    memoryId: id,
    by: supersededBy,
    at: supersededAt,
  }));
  await store.memories.write({ bankId, memories: [], merges: [], supersedes, audit: [] });
}

function settleAll(stated: Stated[]): void {
  const known: Stated[] = [];
  for (const one of stated.sort((a, b) => a.row.lastSeenAt - b.row.lastSeenAt)) settle(known, one);
}

function clear(row: MemoryRow): void {
  row.supersededBy = null;
  row.supersededAt = null;
}

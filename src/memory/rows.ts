import type { Fused } from "./ranking/fuse.ts";
import type { MemoryReads, MemoryRow, SearchFilter } from "./store.ts";
import type { MemoryHit } from "./types.ts";

/** A stored memory as the caller sees it at `asOf`: a replacement that came later is not known yet. */
export function toHit(row: MemoryRow, score: number, asOf?: number): MemoryHit {
  const replaced = row.supersededBy !== null && (row.supersededAt ?? 0) <= (asOf ?? Number.POSITIVE_INFINITY);
  return {
    memoryId: row.id,
    bankId: row.bankId,
    text: row.text,
    score,
    factType: row.factType,
    contentType: row.contentType,
    metadata: row.metadata,
    tags: row.tags,
    occurredAt: row.occurredAt,
    retainedAt: row.retainedAt,
    origin: "memory",
    flags: row.flags,
    ...(row.source !== null && { source: row.source }),
    ...(row.sessionId !== null && { sessionId: row.sessionId }),
    ...(row.speaker !== null && { speaker: row.speaker }),
    ...(row.turnId !== null && { turnId: row.turnId }),
    ...(replaced && row.supersededBy !== null && { supersededBy: row.supersededBy }),
  };
}

/** Reads the memories that were found, one call a bank, in the given order. What was deleted meanwhile is left out. */
export async function fetchHits(
  store: MemoryReads,
  found: Fused[],
  filter: SearchFilter,
): Promise<MemoryHit[]> {
  const banks = [...new Set(found.map(({ bankId }) => bankId))];
  const rows = await Promise.all(
    banks.map(async (bank) => {
      const ids = found.filter(({ bankId }) => bankId === bank).map(({ id }) => id);
      return new Map((await store.memories.get(bank, ids)).map((row) => [row.id, row]));
    }),
  );
  return found.flatMap(({ bankId, id, score }) => {
    const row = rows[banks.indexOf(bankId)]?.get(id);
    return row && isThere(row, filter) ? [toHit(row, score, filter.asOf)] : [];
  });
}

/** Adds the memories that replaced one of `hits` and were not found themselves, at the replaced one's score. */
export async function withSuccessors(
  store: MemoryReads,
  hits: MemoryHit[],
  filter: SearchFilter,
): Promise<MemoryHit[]> {
  const known = new Set(hits.map(({ memoryId }) => memoryId));
  const missing = new Map<string, Fused>();
  for (const { bankId, supersededBy: id, score } of hits) {
    if (id !== undefined && !known.has(id) && !missing.has(id)) missing.set(id, { bankId, id, score });
  }
  if (missing.size === 0) return hits;
  return [...hits, ...(await fetchHits(store, [...missing.values()], filter))];
}

/** What a search would have let through; a memory may have gone since, and a successor was never searched. */
function isThere(row: MemoryRow, { now, asOf, tags, from, to, sessionId }: SearchFilter): boolean {
  const at = asOf ?? Number.POSITIVE_INFINITY;
  return (
    (row.deletedAt === null || row.deletedAt > at) &&
    (row.expiresAt === null || row.expiresAt > now) &&
    Math.min(row.occurredAt, row.retainedAt) <= at &&
    (tags?.every((tag) => row.tags.includes(tag)) ?? true) &&
    (sessionId === undefined || row.sessionId === sessionId) &&
    row.occurredAt >= (from ?? Number.NEGATIVE_INFINITY) &&
    row.occurredAt < (to ?? Number.POSITIVE_INFINITY)
  );
}

import type { SearchFilter } from "../../../memory/store.ts";
import type { Columns } from "./columns.ts";

/** One byte a document, 1 for those that count; undefined when all do. */
export type Mask = Uint8Array | undefined;

/** What is known at the time asked about: not deleted, not expired. Nothing else may influence a score. */
export function knownMask(columns: Columns, { asOf, now }: SearchFilter): Mask {
  if (asOf === undefined && columns.deleted === 0 && now < columns.firstExpiry) return undefined;
  const { length, knownAt, deletedAt, expiresAt } = columns;
  const mask = new Uint8Array(length);
  const from = asOf ?? Infinity;
  // Without `asOf` only a row that was never deleted counts: Infinity > MAX_VALUE.
  const deletedAfter = asOf ?? Number.MAX_VALUE;
  for (let i = 0; i < length; i++) {
    mask[i] = knownAt[i]! <= from && deletedAt[i]! > deletedAfter && expiresAt[i]! > now ? 1 : 0;
  }
  return mask;
}

/** The known documents that the question asks for: its tags, time range, session. */
export function wantedMask(columns: Columns, filter: SearchFilter, known: Mask): Mask {
  const { tags, from, to, sessionId } = filter;
  if (!tags?.length && from === undefined && to === undefined && sessionId === undefined) return known;
  const { length, occurredAt, sessions, tagSets } = columns;
  const mask = new Uint8Array(length);
  const session = sessionId === undefined ? undefined : columns.session(sessionId);
  if (sessionId !== undefined && session === undefined) return mask;
  const tagged = tags?.length
    ? columns.tagLists.map((list) => tags.every((tag) => list.includes(tag)))
    : undefined;
  const [start, end] = [from ?? -Infinity, to ?? Infinity];
  for (let i = 0; i < length; i++) {
    if (known && known[i] === 0) continue;
    if (occurredAt[i]! < start || occurredAt[i]! >= end) continue;
    if (session !== undefined && sessions[i] !== session) continue;
    if (tagged && !tagged[tagSets[i]!]) continue;
    mask[i] = 1;
  }
  return mask;
}

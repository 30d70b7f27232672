import type { MemoryRow } from "../store.ts";
import { contradicts, type Fact, recogniseFacts, restates } from "./facts.ts";

/** A memory with what it states. */
export type Stated = { row: MemoryRow; facts: Fact[] };

export type Replacement = { memoryId: string; by: string; at: number };

/** What a stored memory states about its slot. */
export function statedBy(row: MemoryRow): Stated {
  const subject = row.slot?.slice(0, row.slot.lastIndexOf("/"));
  return { row, facts: recogniseFacts(row.text, subject).filter(({ slot }) => slot === row.slot) };
}

/**
 * Decides by `occurredAt` which facts are no longer the current ones. A new memory that is older than what is
 * known is marked as replaced itself; older memories that it replaces are returned. `known` grows by it.
 */
export function settle(known: Stated[], added: Stated): Replacement[] {
  const { row } = added;
  const replaced: Replacement[] = [];
  let successor: MemoryRow | undefined;
  for (const other of known) {
    if (other.row.id === row.id || !sameScope(row, other.row)) continue;
    if (saidAt(other.row) <= saidAt(row)) {
      if (other.row.supersededBy !== null || !overrides(added, other)) continue;
      other.row.supersededBy = row.id;
      other.row.supersededAt = knownAt(row);
      replaced.push({ memoryId: other.row.id, by: row.id, at: knownAt(row) });
    } else if (overrides(other, added) && (!successor || other.row.occurredAt < successor.occurredAt)) {
      successor = other.row;
    }
  }
  if (successor) {
    row.supersededBy = successor.id;
    row.supersededAt = knownAt(successor);
  }
  known.push(added);
  return replaced;
}

/** The current memory that states the very same, so that the new one need not be stored. */
export function restated(known: Stated[], added: Stated): MemoryRow | undefined {
  const { row, facts } = added;
  return known.find(
    (other) =>
      other.row.supersededBy === null &&
      other.row.contentType === "text" &&
      other.row.tags.length === row.tags.length &&
      sameScope(row, other.row) &&
      facts.some((fact) => other.facts.some((stated) => restates(fact, stated))),
  )?.row;
}

function overrides(newer: Stated, older: Stated): boolean {
  return newer.facts.some((fact) => older.facts.some((other) => contradicts(fact, other)));
}

/**
 * Tags may tell people or topics apart. Of two memories one may have more tags, but neither may have one that
 * the other lacks both ways, and tags that name a person must be the same.
 */
function sameScope(a: MemoryRow, b: MemoryRow): boolean {
  const [fewer, more] = a.tags.length < b.tags.length ? [a.tags, b.tags] : [b.tags, a.tags];
  return (
    fewer.every((tag) => more.includes(tag)) &&
    !more.some((tag) => PERSON_TAG.test(tag) && !fewer.includes(tag))
  );
}

const PERSON_TAG = /^(?:user|person|customer|client|contact|subject|member|patient|tenant)[:=/_-]/i;

/** A fact that was said again counts as newly said. */
function saidAt(row: MemoryRow): number {
  return Math.max(row.occurredAt, row.lastSeenAt);
}

/** From when on recall `asOf` knows a memory. */
function knownAt(row: MemoryRow): number {
  return Math.min(row.occurredAt, row.retainedAt);
}

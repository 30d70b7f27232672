import { tokenise } from "../../core/text.ts";
import type { MemoryHit } from "../types.ts";

/** Pairs are looked for among so many of the best only: it is quadratic. */
const PAIRS = 30;
/** A longer text is a story, not a fact with a value. */
const FACT = { least: 4, most: 24 };
const SHARED = 0.7;

/**
 * Puts each memory that was replaced right below the one that replaced it, which takes the better score of
 * the two. A successor that is not in `hits` changes nothing.
 */
export function orderSuperseded(hits: MemoryHit[]): MemoryHit[] {
  if (!hits.some((hit) => hit.supersededBy !== undefined)) return hits;
  const byId = new Map(hits.map((hit) => [hit.memoryId, hit]));
  const older = new Map<string, MemoryHit[]>();
  for (const hit of hits) {
    const successor = hit.supersededBy === undefined ? undefined : byId.get(hit.supersededBy);
    if (successor && successor !== hit)
      older.set(successor.memoryId, [...(older.get(successor.memoryId) ?? []), hit]);
  }
  const placed = new Set<MemoryHit>();
  const ordered: MemoryHit[] = [];
  const place = (hit: MemoryHit, score: number) => {
    if (placed.has(hit)) return;
    placed.add(hit);
    ordered.push({ ...hit, score });
    for (const old of older.get(hit.memoryId) ?? []) place(old, Math.min(old.score, score));
  };
  for (const hit of hits) place(current(hit, byId), Math.max(hit.score, current(hit, byId).score));
  return ordered;
}

/** The end of the chain of replacements that starts at a memory. */
function current(hit: MemoryHit, byId: Map<string, MemoryHit>): MemoryHit {
  const seen = new Set<MemoryHit>();
  let at = hit;
  while (at.supersededBy !== undefined && !seen.has(at)) {
    seen.add(at);
    at = byId.get(at.supersededBy) ?? at;
  }
  return at;
}

/**
 * "Anna lives in Berlin" and "Anna lives in Munich" contradict each other though nobody marked them: of two
 * short statements that differ in their value alone, the newer takes the better place.
 */
export function newerFirst(hits: MemoryHit[]): MemoryHit[] {
  const ordered = [...hits];
  const facts = ordered.slice(0, PAIRS).map((hit) => tokenise(hit.text.slice(0, 400)));
  for (let i = 0; i < facts.length; i++) {
    for (let j = i + 1; j < facts.length; j++) {
      const [upper, lower] = [ordered[i]!, ordered[j]!];
      if (lower.occurredAt <= upper.occurredAt || lower.supersededBy !== undefined) continue;
      if (upper.speaker !== lower.speaker || !differInValue(facts[i]!, facts[j]!)) continue;
      ordered[i] = { ...lower, score: upper.score };
      ordered[j] = { ...upper, score: lower.score };
      [facts[i], facts[j]] = [facts[j]!, facts[i]!];
    }
  }
  return ordered;
}

function differInValue(a: string[], b: string[]): boolean {
  const longest = Math.max(a.length, b.length);
  if (Math.min(a.length, b.length) < FACT.least || longest > FACT.most) return false;
  const words = new Set(a);
  const shared = b.filter((word) => words.has(word)).length;
  return shared < longest && shared / longest >= SHARED;
}

import { restatementKey } from "../retain/restatement.ts";
import type { MemoryHit } from "../types.ts";

/**
 * The first `limit` hits that say something new. Of two with the same words from the same speaker the better
 * one stays, but a memory is preferred to an external hit because it can be cited. Nothing else is dropped: a
 * question may need several pieces of evidence that look alike.
 */
export function dropDuplicates(hits: MemoryHit[], limit: number): MemoryHit[] {
  const kept: MemoryHit[] = [];
  const places = new Map<string, number>();
  for (const hit of hits) {
    const text = restatementKey(hit.text);
    const key = `${hit.speaker ?? ""}\0${text}`;
    const place = places.get(key) ?? placeOfExternal(hit, kept, places.get(text));
    const twin = place === undefined ? undefined : kept[place];
    if (place !== undefined && twin) {
      if (twin.origin === "external" && hit.origin === "memory") kept[place] = { ...hit, score: twin.score };
      places.set(key, place);
    } else if (kept.length < limit) {
      for (const name of [key, text]) if (!places.has(name)) places.set(name, kept.length);
      kept.push(hit);
    } else break;
  }
  return kept;
}

/** External hits seldom know who spoke: with one of them the text alone decides. */
function placeOfExternal(hit: MemoryHit, kept: MemoryHit[], place: number | undefined): number | undefined {
  if (place === undefined) return undefined;
  return hit.origin === "external" || kept[place]?.origin === "external" ? place : undefined;
}

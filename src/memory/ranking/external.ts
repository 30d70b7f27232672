import { analyse } from "../../core/text.ts";
import type { Candidates } from "../store.ts";
import type { ExternalHit, MemoryHit } from "../types.ts";
import type { Found } from "./fuse.ts";

/** The name under which external hits take part in the fusion. */
export const EXTERNAL_BANK = "";

export type ExternalVectors = { question: Float32Array; externals: Float32Array[] };

const K1 = 1.2;
const B = 0.5;

/** A row of the caller's own as a hit; what it does not say is empty. */
export function toExternalHit(external: ExternalHit, index: number, now: number): MemoryHit {
  return {
    memoryId: `external:${index}`,
    bankId: "",
    factType: "external",
    contentType: "text",
    metadata: {},
    tags: [],
    occurredAt: now,
    retainedAt: now,
    flags: [],
    ...external,
    score: 0,
    origin: "external",
  };
}

/**
 * External hits as if they were one more bank, so that `fuse` ranks all by one measure. Their word scores are
 * brought to the banks' scale by the memories that both measures have scored.
 */
export function searchExternal(
  question: string,
  externals: MemoryHit[],
  vectors: ExternalVectors | undefined,
  pool: MemoryHit[],
  found: Found[],
): Found {
  const ids = externals.map(({ memoryId }) => memoryId);
  const texts = [...externals, ...pool].map(({ text }) => analyse(text));
  const local = bm25(analyse(question), texts);
  const scale = scaleToBanks(pool, local.slice(externals.length), found);
  const list = (scores: number[]): Candidates => ({ ids, scores, contexts: scores, matched: ids.length });
  return {
    bankId: EXTERNAL_BANK,
    lexical: list(ids.map((_, i) => local[i]! * scale)),
    ...(vectors && { dense: list(vectors.externals.map((vector) => dot(vector, vectors.question))) }),
  };
}

/** What a local score is worth in the banks' measure: told by the memory that the local one scores highest. */
function scaleToBanks(pool: MemoryHit[], local: number[], found: Found[]): number {
  const best = local.indexOf(Math.max(...local));
  const hit = pool[best];
  const lexical = found.find(({ bankId }) => bankId === hit?.bankId)?.lexical;
  const measured = hit && lexical ? lexical.scores[lexical.ids.indexOf(hit.memoryId)] : undefined;
  return measured !== undefined && measured > 0 && local[best]! > 0 ? measured / local[best]! : 1;
}

function bm25(question: string[], texts: string[][]): number[] {
  const average = texts.reduce((sum, terms) => sum + terms.length, 0) / texts.length || 1;
  const scores = texts.map(() => 0);
  for (const term of new Set(question)) {
    const counts = texts.map((terms) => terms.filter((other) => other === term).length);
    const holders = counts.filter((count) => count > 0).length;
    const weight = Math.log(1 + (texts.length - holders + 0.5) / (holders + 0.5));
    counts.forEach((count, i) => {
      const length = 1 - B + (B * texts[i]!.length) / average;
      scores[i]! += (weight * count * (K1 + 1)) / (count + K1 * length);
    });
  }
  return scores;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

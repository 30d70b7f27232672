import { analyse } from "../../core/text.ts";
import type { MemoryHit } from "../types.ts";
import type { Found } from "./fuse.ts";

/**
 * The least cosine that the best memory must have, in a bank of 16 and for each doubling more, for among many
 * the best is near by chance. Measured with the local embedder: none of 894 answerable questions fell below,
 * half of those about something else did. Other models have other scales, so for them it is far lower.
 */
const LEAST = { start: 0.25, doubling: 0.025, most: 0.38 };
const LEAST_ELSEWHERE = 0.1;
const BANK = 16;
/** What it adds when all informative words of the question are in the best memories. */
const COVERED = 0.1;
const BEST = 3;

/**
 * Whether memory has anything to say on the question, from raw scores, as fused ones are always high for the
 * best. In doubt it has. `pool` comes best first.
 */
export function anythingFits(question: string, pool: MemoryHit[], found: Found[], model: string): boolean {
  if (pool.length === 0) return false;
  const terms = new Set(analyse(question));
  const byTime = found.some(({ extra }) => extra !== undefined && extra.length > 0);
  const cosines = found.flatMap(({ dense }) => dense?.scores ?? []);
  // "What happened last week?" asks for a time and not for a subject; without vectors there is no judging.
  if (terms.size === 0 || byTime || cosines.length === 0) return true;
  const memories = found.reduce((sum, { dense }) => sum + (dense?.matched ?? 0), 0);
  return best(cosines) + COVERED * coverage(terms, pool) >= least(memories, model);
}

function least(memories: number, model: string): number {
  if (!model.startsWith("local:use-lite")) return LEAST_ELSEWHERE;
  const doublings = Math.max(0, Math.log2(memories / BANK));
  return Math.min(LEAST.most, LEAST.start + LEAST.doubling * doublings);
}

function coverage(terms: Set<string>, pool: MemoryHit[]): number {
  const texts = pool.slice(0, BEST).map(({ speaker, text }) => new Set(analyse(`${speaker ?? ""} ${text}`)));
  const covered = [...terms].filter((term) => texts.some((text) => text.has(term)));
  return covered.length / terms.size;
}

function best(values: number[]): number {
  return values.reduce((high, value) => Math.max(high, value), -1);
}

import type { MemoryHit } from "../types.ts";
import { type Cues, speakerAsked } from "./cues.ts";
import { proximity } from "./time.ts";

/** What a cue is worth, as shares of a full fused score. */
const SPEAKER = 0.1;
const TIME = 0.25;
const LATEST = 0.08;
const ASKS = 0.25;

/**
 * Adds to the fused scores what only the memories themselves tell: who spoke, when, and whether it says
 * something or only asks. Best first; scores stay 0–1.
 */
export function refine(pool: MemoryHit[], cues: Cues): MemoryHit[] {
  const asked = speakerAsked(cues, new Set(pool.flatMap(({ speaker }) => speaker ?? [])));
  const newest = cues.latest ? recency(pool) : () => 0;
  const full = 1 + (asked ? SPEAKER : 0) + (cues.time ? TIME : 0) + (cues.latest ? LATEST : 0);
  const bonus = (hit: MemoryHit) =>
    (asked !== undefined && hit.speaker === asked ? SPEAKER : 0) +
    (cues.time ? TIME * proximity(hit.occurredAt, cues.time) : 0) +
    LATEST * newest(hit) -
    ASKS * shareAsked(hit.text);
  return pool
    .map((hit) => ({ ...hit, score: Math.min(1, Math.max(0, (hit.score + bonus(hit)) / full)) }))
    .sort((a, b) => b.score - a.score);
}

/** The share of a text that is questions: who asks does not tell. */
function shareAsked(text: string): number {
  if (!text.includes("?")) return 0;
  const sentences = text.match(/[^.!?]+[.!?]*/g) ?? [];
  const asked = sentences.filter((sentence) => sentence.trimEnd().endsWith("?"));
  return asked.join("").length / text.length;
}

/** Where a memory's time lies between the pool's oldest (0) and newest (1). */
function recency(pool: MemoryHit[]): (hit: MemoryHit) => number {
  const times = pool.map(({ occurredAt }) => occurredAt);
  const low = Math.min(...times);
  const high = Math.max(...times);
  return ({ occurredAt }) => (high > low ? (occurredAt - low) / (high - low) : 1);
}

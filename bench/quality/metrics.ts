import type { MemoryHit } from "../../src/memory/types.ts";
import type { Case } from "./dataset.ts";

/** Sums over questions; `report` divides. */
export type Score = {
  questions: number;
  sessionAny10: number;
  sessionFraction10: number;
  turnFraction10: number;
  turnFraction50: number;
};

export function emptyScore(): Score {
  return { questions: 0, sessionAny10: 0, sessionFraction10: 0, turnFraction10: 0, turnFraction50: 0 };
}

/** Sessions in the order in which the ranking first meets them. */
export function sessionsOf(hits: MemoryHit[], limit: number): string[] {
  const sessions = new Set<string>();
  for (const { sessionId } of hits) {
    if (sessions.size === limit) break;
    if (sessionId !== undefined) sessions.add(sessionId);
  }
  return [...sessions];
}

export function addScore(score: Score, { evidence, sessions }: Case, hits: MemoryHit[]): void {
  const found = sessionsOf(hits, 10);
  const turns = hits.map(({ turnId }) => turnId);
  const share = fraction(sessions, found);
  score.questions++;
  score.sessionAny10 += share > 0 ? 1 : 0;
  score.sessionFraction10 += share;
  score.turnFraction10 += fraction(evidence, turns.slice(0, 10));
  score.turnFraction50 += fraction(evidence, turns.slice(0, 50));
}

export function fraction(wanted: string[], found: Array<string | undefined>): number {
  const there = new Set(found);
  return wanted.filter((id) => there.has(id)).length / wanted.length;
}

/** Normalised discounted cumulative gain at `k`, every piece of evidence worth the same. */
export function ndcg(wanted: string[], found: string[], k: number): number {
  const gain = (rank: number) => 1 / Math.log2(rank + 2);
  const real = found.slice(0, k).reduce((sum, id, rank) => sum + (wanted.includes(id) ? gain(rank) : 0), 0);
  let ideal = 0;
  for (let rank = 0; rank < Math.min(k, wanted.length); rank++) ideal += gain(rank);
  return ideal === 0 ? 0 : real / ideal;
}

export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((1000 * part) / whole) / 10;
}

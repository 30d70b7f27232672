import type { Candidates } from "../store.ts";

/** What the strategies found in one bank; one that was late or failed is absent. */
export type Found = { bankId: string; lexical?: Candidates; dense?: Candidates; extra?: string[] };

export type Fused = { bankId: string; id: string; score: number };

/**
 * Weights of the four arms: own words, words of the stretch of talk around it, own meaning, meaning of the
 * stretch. The answer to a question seldom repeats its words: the turns around it do, so they weigh most.
 * Any neighbour of these values is as good: they were chosen on a plateau (see `bench/quality.ts`).
 */
const WEIGHTS = { lexical: 0.5, lexicalContext: 1.5, dense: 0.3, denseContext: 1.5 };

/** The least distance between best and worst that counts in full: a small one is chance, not evidence. */
const LEAST_SPREAD = { lexical: 1, dense: 0.15 };

type Values = { bank: number; ids: string[]; values: number[] };
type Arm = { weight: number; spread: number; floor: number; parts: Values[] };

/**
 * Score-normalised linear fusion. Each arm is stretched to 0–1 over all banks together; a candidate that an
 * arm does not hold gets the arm's floor. Best first; scores are 0–1.
 */
export function fuse(found: Found[]): Fused[] {
  const scores = found.map(({ lexical, dense, extra }) => {
    const ids = [...(lexical?.ids ?? []), ...(dense?.ids ?? []), ...(extra ?? [])];
    return new Map(ids.map((id) => [id, 0]));
  });
  const arms = armsOf(found);
  const total = arms.reduce((sum, arm) => sum + arm.weight, 0);
  for (const arm of arms) addArm(scores, arm, arm.weight / total);
  const fused = scores.flatMap((bank, index) =>
    Array.from(bank, ([id, score]) => ({ bankId: found[index]!.bankId, id, score })),
  );
  return fused.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

function armsOf(found: Found[]): Arm[] {
  const arms: Arm[] = [];
  for (const kind of ["lexical", "dense"] as const) {
    const lists = found.map((one) => one[kind]);
    if (lists.every((list) => !list)) continue;
    const cut = lists.some((list) => list && list.matched > list.ids.length);
    for (const field of ["scores", "contexts"] as const) {
      const parts = lists.flatMap((list, bank) =>
        list ? [{ bank, ids: list.ids, values: list[field] }] : [],
      );
      const weight = WEIGHTS[field === "scores" ? kind : (`${kind}Context` as const)];
      // Nothing scores below 0 by words; by meaning, or when the list was cut, the lowest seen is the floor.
      const floor = kind === "lexical" && !cut ? 0 : lowest(parts);
      arms.push({ weight, spread: LEAST_SPREAD[kind], floor, parts });
    }
  }
  return arms;
}

function lowest(parts: Values[]): number {
  let low = Number.POSITIVE_INFINITY;
  for (const { values } of parts) for (const value of values) if (value < low) low = value;
  return low;
}

function addArm(scores: Array<Map<string, number>>, { spread, floor, parts }: Arm, weight: number): void {
  let high = floor;
  for (const { values } of parts) for (const value of values) if (value > high) high = value;
  const scale = weight / Math.max(high - floor, spread);
  for (const { bank, ids, values } of parts) {
    const sums = scores[bank]!;
    for (let i = 0; i < ids.length; i++) {
      sums.set(ids[i]!, sums.get(ids[i]!)! + (values[i]! - floor) * scale);
    }
  }
}

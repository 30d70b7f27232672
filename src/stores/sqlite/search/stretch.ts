/**
 * How much the memories around one count in its context, nearest first, in quarters of itself: two before and
 * two after. Those before count more, for an answer follows what it answers. Wider or narrower ones find less
 * (`bench/quality.ts`). `cosine.ts` counts on two of each.
 */
export const SELF = 4;
export const BEFORE: readonly number[] = [3, 2];
export const AFTER: readonly number[] = [2, 1];

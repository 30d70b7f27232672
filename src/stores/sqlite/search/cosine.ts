import type { Columns } from "./columns.ts";
import type { Mask } from "./masks.ts";
import type { Matrix } from "./matrix.ts";
import type { Scratch } from "./scratch.ts";
import { AFTER, BEFORE, SELF } from "./stretch.ts";

/**
 * Cosine of every document with a unit vector, from the int8 rows (`scratch.scores`, within about 0.002 of
 * exact), and its weighted mean with those around it (`scratch.contexts`). -Infinity without a vector.
 */
export function scoreDense(
  columns: Columns,
  matrix: Matrix,
  unit: Float32Array,
  known: Mask,
  scratch: Scratch,
): void {
  scratch.reserve(columns.length);
  const { scores, contexts } = scratch;
  matrix.scan(unit, scores);
  if (known || matrix.missing > 0) addNeighbours(columns, known, scores, contexts);
  else addAllNeighbours(columns, scores, contexts);
}

/** 1 / total weight, by the number before (× 3) and after, two at most. */
const SHARES = [0, 1, 2].flatMap((before) =>
  [0, 1, 2].map((after) => 1 / (SELF + total(BEFORE.slice(0, before)) + total(AFTER.slice(0, after)))),
);

function total(weights: readonly number[]): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}

/** Every row has a vector and counts, the usual case: walks each session once, with a window of five scores. */
function addAllNeighbours(columns: Columns, scores: Float32Array, contexts: Float32Array): void {
  const { previous, length } = columns;
  for (let first = 0; first < length; first++) {
    if (previous[first]! < 0) walkSession(first, columns.next, scores, contexts);
  }
}

function walkSession(first: number, next: Int32Array, scores: Float32Array, contexts: Float32Array): void {
  const [before1, before2] = BEFORE as [number, number];
  const [after1, after2] = AFTER as [number, number];
  let at = first;
  let ahead = next[at]!;
  let [beforeThat, before, score] = [0, 0, scores[at]!];
  let following = ahead < 0 ? 0 : scores[ahead]!;
  for (let passed = 0; ; passed = Math.min(passed + 1, 2)) {
    const beyond = ahead < 0 ? -1 : next[ahead]!;
    const last = beyond < 0 ? 0 : scores[beyond]!;
    const share = SHARES[passed * 3 + (ahead < 0 ? 0 : beyond < 0 ? 1 : 2)]!;
    const around = before1 * before + before2 * beforeThat + after1 * following + after2 * last;
    contexts[at] = (SELF * score + around) * share;
    if (ahead < 0) return;
    beforeThat = before;
    before = score;
    score = following;
    following = last;
    at = ahead;
    ahead = beyond;
  }
}

function addNeighbours(columns: Columns, known: Mask, scores: Float32Array, contexts: Float32Array): void {
  for (let i = 0; i < columns.length; i++) {
    let sum = SELF * scores[i]!;
    let weight = SELF;
    for (const [other, counts] of neighbours(columns, i, known, scores)) {
      sum += counts * scores[other]!;
      weight += counts;
    }
    contexts[i] = sum / weight;
  }
}

/** Those around a document that are known and have a vector, with what they count. */
function neighbours(
  { previous, next }: Columns,
  document: number,
  known: Mask,
  scores: Float32Array,
): Array<[document: number, counts: number]> {
  const found: Array<[number, number]> = [];
  const walk = (links: Int32Array, weights: readonly number[]) => {
    for (let k = 0, at = links[document]!; k < weights.length && at >= 0; k++, at = links[at]!) {
      if (scores[at]! > -Infinity && (!known || known[at] === 1)) found.push([at, weights[k]!]);
    }
  };
  walk(previous, BEFORE);
  walk(next, AFTER);
  return found;
}

/** Puts exact cosines in the place of approximate ones, in the document's own context too. */
export function correct(
  columns: Columns,
  document: number,
  exact: number,
  known: Mask,
  scratch: Scratch,
): void {
  const { scores, contexts } = scratch;
  const around = neighbours(columns, document, known, scores).reduce((sum, [, counts]) => sum + counts, 0);
  contexts[document]! += (SELF * (exact - scores[document]!)) / (SELF + around);
  scores[document] = exact;
}

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

/** Every row has a vector and counts: the usual case, without a look at each. */
function addAllNeighbours({ previous, next, length }: Columns, scores: Float32Array, contexts: Float32Array) {
  for (let i = 0; i < length; i++) {
    let sum = SELF * scores[i]!;
    let weight = SELF;
    for (let k = 0, at = previous[i]!; k < BEFORE.length && at >= 0; k++, at = previous[at]!) {
      sum += BEFORE[k]! * scores[at]!;
      weight += BEFORE[k]!;
    }
    for (let k = 0, at = next[i]!; k < AFTER.length && at >= 0; k++, at = next[at]!) {
      sum += AFTER[k]! * scores[at]!;
      weight += AFTER[k]!;
    }
    contexts[i] = sum / weight;
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

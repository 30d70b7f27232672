import type { Columns } from "./columns.ts";
import type { Mask } from "./masks.ts";
import type { Matrix } from "./matrix.ts";
import type { Scratch } from "./scratch.ts";

/** A document counts twice in its context, each neighbour once. */
const SELF = 2;

/**
 * Cosine of every document with a unit vector, from the int8 rows (`scratch.scores`, within about 0.002 of
 * exact), and its mean with the neighbours' (`scratch.contexts`). -Infinity without a vector.
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
    const before = previous[i]!;
    const after = next[i]!;
    const sum = SELF * scores[i]! + (before >= 0 ? scores[before]! : 0) + (after >= 0 ? scores[after]! : 0);
    contexts[i] = sum / (SELF + (before >= 0 ? 1 : 0) + (after >= 0 ? 1 : 0));
  }
}

function addNeighbours(columns: Columns, known: Mask, scores: Float32Array, contexts: Float32Array): void {
  const { previous, next, length } = columns;
  const counts = (other: number) =>
    other >= 0 && scores[other]! > -Infinity && (!known || known[other] === 1);
  for (let i = 0; i < length; i++) {
    let sum = SELF * scores[i]!;
    let weight = SELF;
    for (const other of [previous[i]!, next[i]!]) {
      if (!counts(other)) continue;
      sum += scores[other]!;
      weight++;
    }
    contexts[i] = sum / weight;
  }
}

/** Puts exact cosines in the place of approximate ones, in the contexts too. */
export function correct(
  columns: Columns,
  document: number,
  exact: number,
  known: Mask,
  scratch: Scratch,
): void {
  const { scores, contexts } = scratch;
  const neighbours = [columns.previous[document]!, columns.next[document]!].filter(
    (other) => other >= 0 && scores[other]! > -Infinity && (!known || known[other] === 1),
  );
  contexts[document]! += (SELF * (exact - scores[document]!)) / (SELF + neighbours.length);
  scores[document] = exact;
}

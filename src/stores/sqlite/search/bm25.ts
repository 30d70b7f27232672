import type { Columns } from "./columns.ts";
import type { Mask } from "./masks.ts";
import type { Postings } from "./postings.ts";
import type { Scratch } from "./scratch.ts";
import { AFTER, BEFORE, SELF } from "./stretch.ts";

const K1 = 1.2;
const B = 0.75;

/**
 * Adds up BM25 for each document alone (`scratch.scores`) and for the stretch of the session around each, as
 * if it were one text with weighted words (`scratch.contexts`). A question reads the postings of its terms once.
 */
export function scoreLexical(
  columns: Columns,
  postings: Postings,
  terms: number[],
  known: Mask,
  scratch: Scratch,
): void {
  const documents = Math.max(1, columns.length - columns.gone);
  const { length } = columns;
  scratch.reserve(length);
  scratch.scores.fill(0, 0, length);
  scratch.contexts.fill(0, 0, length);
  const means = postings.means;
  for (const term of terms) {
    const count = postings.read(term, scratch.postings);
    const touched = scoreAlone(columns, postings, count, idf(documents, count), means.alone, known, scratch);
    scoreWindows(postings.windows, touched, idf(documents, touched), means.window, scratch);
  }
}

function idf(documents: number, frequency: number): number {
  return Math.log(1 + Math.max(0, documents - frequency + 0.5) / (frequency + 0.5));
}

/** Scores the documents of one term and collects its frequency around each; returns how many were touched. */
function scoreAlone(
  { previous, next }: Columns,
  { lengths }: Postings,
  count: number,
  weight: number,
  meanLength: number,
  known: Mask,
  { scores, postings, window, touched }: Scratch,
): number {
  const gain = weight * (K1 + 1);
  const base = K1 * (1 - B);
  const slope = (K1 * B) / meanLength;
  let reached = 0;
  for (let i = 0; i < count; i++) {
    const document = postings[i]! >>> 8;
    if (known && known[document] === 0) continue;
    const frequency = postings[i]! & 255;
    scores[document]! += (gain * frequency) / (frequency + base + slope * lengths[document]!);
    if (window[document] === 0) touched[reached++] = document;
    window[document]! += SELF * frequency;
    // It lies after those before it, and before those after it.
    for (let k = 0, at = previous[document]!; k < AFTER.length && at >= 0; k++, at = previous[at]!) {
      if (known && known[at] === 0) continue;
      if (window[at] === 0) touched[reached++] = at;
      window[at]! += AFTER[k]! * frequency;
    }
    for (let k = 0, at = next[document]!; k < BEFORE.length && at >= 0; k++, at = next[at]!) {
      if (known && known[at] === 0) continue;
      if (window[at] === 0) touched[reached++] = at;
      window[at]! += BEFORE[k]! * frequency;
    }
  }
  return reached;
}

/** BM25 over the stretches. Frequencies and lengths are both in units of 1 / SELF. */
function scoreWindows(
  lengths: Uint32Array,
  count: number,
  weight: number,
  meanLength: number,
  { contexts, window, touched }: Scratch,
): void {
  const gain = weight * (K1 + 1);
  const base = SELF * K1 * (1 - B);
  const slope = (SELF * K1 * B) / meanLength;
  for (let i = 0; i < count; i++) {
    const document = touched[i]!;
    const frequency = window[document]!;
    window[document] = 0;
    contexts[document]! += (gain * frequency) / (frequency + base + slope * lengths[document]!);
  }
}

/** Cuts long texts into windows and packs token lists into batches with little padding. */

export type Window = { text: number; ids: number[] };

/** Windows of even size, so that no short rest weighs as much as a full one in the average. */
export function windows(tokenized: number[][], maxTokens: number): Window[] {
  return tokenized.flatMap((ids, text) => {
    const count = Math.ceil(ids.length / maxTokens) || 1;
    const size = Math.ceil(ids.length / count);
    return Array.from({ length: count }, (_, i) => ({ text, ids: ids.slice(i * size, (i + 1) * size) }));
  });
}

/** Beyond this the matrix products gain nothing more and only memory grows. */
const MAX_BATCH_TOKENS = 512;
/** A call of the model costs about as much as this many tokens. */
const MAX_PADDING = 12;

/** Sorts by length and starts a new batch where padding would cost more than a call. */
export function packBatches(all: Window[]): Window[][] {
  const batches: Window[][] = [];
  let padding = 0;
  for (const window of all.toSorted((a, b) => a.ids.length - b.ids.length)) {
    const batch = batches.at(-1);
    const length = window.ids.length;
    const added = batch ? (length - batch.at(-1)!.ids.length) * batch.length : 0;
    const full = !batch || (batch.length + 1) * length > MAX_BATCH_TOKENS || padding + added > MAX_PADDING;
    padding = full ? 0 : padding + added;
    if (full) batches.push([window]);
    else batch.push(window);
  }
  return batches;
}

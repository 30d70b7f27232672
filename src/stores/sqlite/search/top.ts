import type { Mask } from "./masks.ts";

/** The documents with the `limit` highest scores above `floor`, best first; the newer one wins a tie. */
export function topDocuments(
  scores: Float32Array | Float64Array,
  length: number,
  limit: number,
  wanted: Mask,
  floor: number,
): number[] {
  /** Lowest first, to be replaced by a better one. */
  const heap: number[] = [];
  let least = floor;
  // From the newest on: it wins ties, and times, which ascend, are settled at once.
  for (let document = length - 1; document >= 0; document--) {
    if (scores[document]! <= least || (wanted && wanted[document] === 0)) continue;
    if (heap.length < limit) {
      heap.push(document);
      siftUp(heap, scores);
    } else {
      heap[0] = document;
      siftDown(heap, scores);
    }
    if (heap.length === limit) least = Math.max(floor, scores[heap[0]!]!);
  }
  return heap.sort((a, b) => scores[b]! - scores[a]! || b - a);
}

function worse(scores: Float32Array | Float64Array, a: number, b: number): boolean {
  return scores[a]! < scores[b]! || (scores[a] === scores[b] && a < b);
}

function siftUp(heap: number[], scores: Float32Array | Float64Array): void {
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!worse(scores, heap[at]!, heap[parent]!)) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function siftDown(heap: number[], scores: Float32Array | Float64Array): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) return;
    if (child + 1 < heap.length && worse(scores, heap[child + 1]!, heap[child]!)) child++;
    if (!worse(scores, heap[child]!, heap[at]!)) return;
    [heap[at], heap[child]] = [heap[child]!, heap[at]!];
    at = child;
  }
}

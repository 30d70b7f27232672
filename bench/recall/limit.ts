/**
 * Milliseconds that reading `bytes` once takes one core of this machine: what an exact scan of int8 vectors
 * cannot beat. Sums 64-bit words with all of the runtime's width, the best of several passes.
 */
export function readLimitMs(bytes: number): number {
  const words = new BigUint64Array(Math.ceil(bytes / 8));
  const source = Buffer.from(words.buffer);
  const target = Buffer.alloc(source.length);
  let best = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < 15; pass++) {
    const start = performance.now();
    source.copy(target);
    best = Math.min(best, performance.now() - start);
  }
  // A copy reads and writes every byte: a pure read takes about half of it.
  return best / 2;
}

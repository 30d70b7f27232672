type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** The array itself when it has room, else a copy with at least half as much again. */
export function withRoom<T extends Numbers>(array: T, length: number): T {
  if (length <= array.length) return array;
  const bigger = new (array.constructor as new (length: number) => T)(
    Math.max(length, 16, (array.length * 3) >> 1),
  );
  bigger.set(array as never);
  return bigger;
}

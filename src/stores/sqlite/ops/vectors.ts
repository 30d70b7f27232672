/*
 * Vectors are stored as unit vectors in half precision: half the bytes of float32, about 1 µs a vector to
 * read at 512 dimensions, and a cosine is off by less than 0.0002.
 */

/** What is stored for a vector; empty when there is none. */
export function packVector(vector: Float32Array): Uint8Array {
  const factor = 1 / (lengthOf(vector) || 1);
  const half = new Float16Array(vector.length);
  for (let i = 0; i < half.length; i++) half[i] = vector[i]! * factor;
  return new Uint8Array(half.buffer);
}

/** Half-precision view of stored bytes, which SQLite gives in a buffer of their own. */
export function halfFloats(bytes: Uint8Array): Float16Array {
  return new Float16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

export function unpackVector(bytes: Uint8Array): Float32Array {
  return Float32Array.from(halfFloats(bytes));
}

/** Euclidean length. A loop: callbacks cost ten times as much here. */
export function lengthOf(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  return Math.sqrt(squares);
}

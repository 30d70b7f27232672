/** The few protobuf encodings that an ONNX file needs. A message is a list of byte pieces, joined at the end. */
export type Bytes = Uint8Array;

const encoder = new TextEncoder();

export function varint(value: number): Bytes {
  const out: number[] = [];
  // Negative 64-bit integers take ten bytes; BigInt only where a plain number would lose bits.
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

export function intField(field: number, value: number): Bytes {
  return join([varint(field << 3), varint(value)]);
}

export function floatField(field: number, value: number): Bytes {
  return join([varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);
}

/** A string, raw bytes or an embedded message. */
export function bytesField(field: number, value: string | Bytes): Bytes {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  return join([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

export function join(pieces: Bytes[]): Bytes {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    out.set(piece, offset);
    offset += piece.length;
  }
  return out;
}

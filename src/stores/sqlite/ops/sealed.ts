/*
 * What a person said is kept where deleting it leaves nothing behind. SQLite overwrites what it deletes
 * (secure_delete), but when it moves rows between pages it may leave a copy in a page's unused middle, out
 * of reach of any later delete. Overflow pages never move and are zeroed when they are freed. A row of a table
 * `(key INTEGER PRIMARY KEY, body BLOB)` keeps exactly MIN_LOCAL bytes in the page that may move, when its
 * size is MIN_LOCAL plus whole overflow pages (https://www.sqlite.org/fileformat2.html, "B-tree Cells"): a
 * body starts with that much filler and ends in zeros up to the page.
 */

/** Small pages, so that filling up costs little. Fixed when a file is made. */
export const PAGE_SIZE = 1024;
const OVERFLOW = PAGE_SIZE - 4;
const MIN_LOCAL = Math.floor(((PAGE_SIZE - 12) * 32) / 255) - 23;
/** Three lengths, then the three parts. */
const HEAD = 12;
const NULL_LENGTH = 0xffffffff;

/** The parts of a memory that may quote someone. */
export type Body = { text: string; speaker: string | null; metadata: string };

const encoder = new TextEncoder();

export function sealBody({ text, speaker, metadata }: Body): Uint8Array {
  const parts = [text, speaker ?? "", metadata].map((part) => encoder.encode(part));
  const content = new Uint8Array(HEAD + parts.reduce((sum, part) => sum + part.length, 0));
  const head = new DataView(content.buffer);
  let at = HEAD;
  for (const [index, part] of parts.entries()) {
    head.setUint32(index * 4, index === 1 && speaker === null ? NULL_LENGTH : part.length);
    content.set(part, at);
    at += part.length;
  }
  return seal(content);
}

export function openBody(sealed: Uint8Array): Body {
  const { text, speaker, end } = openWords(sealed);
  const bytes = bufferOf(sealed);
  const metadata = bytes.toString("utf8", end, end + bytes.readUInt32BE(startOf(sealed) + 8));
  return { text, speaker, metadata };
}

/** Text and speaker alone, for the index; `end` is where the metadata begins. */
export function openWords(sealed: Uint8Array): Pick<Body, "text" | "speaker"> & { end: number } {
  const bytes = bufferOf(sealed);
  const start = startOf(sealed);
  const spoken = bytes.readUInt32BE(start + 4);
  const textEnd = start + HEAD + bytes.readUInt32BE(start);
  const end = textEnd + (spoken === NULL_LENGTH ? 0 : spoken);
  const speaker = spoken === NULL_LENGTH ? null : bytes.toString("utf8", textEnd, end);
  return { text: bytes.toString("utf8", start + HEAD, textEnd), speaker, end };
}

/** Pads content of any kind as described above. */
export function seal(content: Uint8Array): Uint8Array {
  const pages = Math.max(1, Math.ceil(content.length / OVERFLOW));
  const payload = MIN_LOCAL + pages * OVERFLOW;
  const body = new Uint8Array(payload - headerSize(payload));
  body.set(content, startOf(body));
  return body;
}

/** Where the content of a sealed body begins. */
function startOf(body: Uint8Array): number {
  return MIN_LOCAL - headerSize(body.length + 4);
}

/** A record's header: its own size, the key's type, the blob's type as a varint of `2 × length + 12`. */
function headerSize(payload: number): number {
  const type = 2 * payload + 12;
  return 2 + (type < 2 ** 14 ? 2 : type < 2 ** 21 ? 3 : type < 2 ** 28 ? 4 : 5);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

import { withRoom } from "./arrays.ts";

/** Per chain: where it starts, where its next value goes, how many it has; four cells, to share a cache line. */
const HEAD = 0;
const TAIL = 1;
const COUNT = 2;
const FIELDS = 4;
/** Slices hold 1, 2, 4 … values, at most this many. */
const LARGEST = 4096;

/**
 * Many lists of numbers in one array, cheap to append to and compact however short. A list is a chain of slices
 * that double in size, each with the place of the next in its first cell.
 */
export class Chains {
  #cells: Uint32Array = new Uint32Array(1024);
  #used = 0;
  #fields: Uint32Array = new Uint32Array(1024);
  length = 0;

  get bytes(): number {
    return this.#cells.byteLength + this.#fields.byteLength;
  }

  /** Starts an empty list; returns its number. */
  add(): number {
    const chain = this.length++;
    this.#fields = withRoom(this.#fields, this.length * FIELDS);
    return chain;
  }

  size(chain: number): number {
    return this.#fields[chain * FIELDS + COUNT]!;
  }

  /** The value appended last; 0 for an empty list. */
  last(chain: number): number {
    const at = chain * FIELDS;
    return this.#fields[at + COUNT] === 0 ? 0 : this.#cells[this.#fields[at + TAIL]! - 1]!;
  }

  replaceLast(chain: number, value: number): void {
    this.#cells[this.#fields[chain * FIELDS + TAIL]! - 1] = value;
  }

  append(chain: number, value: number): void {
    const at = chain * FIELDS;
    if (isFull(this.#fields[at + COUNT]!)) this.#lengthen(at);
    this.#cells[this.#fields[at + TAIL]!++] = value;
    this.#fields[at + COUNT]!++;
  }

  /** Copies a list into `target`, which has room for it; returns its length. */
  read(chain: number, target: Uint32Array): number {
    const count = this.size(chain);
    let slice = this.#fields[chain * FIELDS + HEAD]!;
    for (let done = 0; done < count; slice = this.#cells[slice]!) {
      const size = Math.min(sliceSize(done), count - done);
      target.set(this.#cells.subarray(slice + 1, slice + 1 + size), done);
      done += size;
    }
    return count;
  }

  /** Replaces a list by a part of it, `values`; nothing of the rest is left. */
  shorten(chain: number, values: Uint32Array): void {
    const at = chain * FIELDS;
    const before = this.#fields[at + COUNT]!;
    let slice = this.#fields[at + HEAD]!;
    this.#fields[at + COUNT] = values.length;
    this.#fields[at + TAIL] = slice + 1;
    for (let done = 0; done < before; slice = this.#cells[slice]!) {
      const part = values.subarray(done, done + sliceSize(done));
      const size = Math.min(sliceSize(done), before - done);
      this.#cells.fill(0, slice + 1, slice + 1 + size);
      this.#cells.set(part, slice + 1);
      if (part.length > 0) this.#fields[at + TAIL] = slice + 1 + part.length;
      done += size;
    }
  }

  #lengthen(at: number): void {
    const count = this.#fields[at + COUNT]!;
    const slice = this.#used;
    this.#used += sliceSize(count) + 1;
    this.#cells = withRoom(this.#cells, this.#used);
    if (count === 0) this.#fields[at + HEAD] = slice;
    else this.#cells[this.#fields[at + TAIL]! - lastSliceSize(count) - 1] = slice;
    this.#fields[at + TAIL] = slice + 1;
  }
}

/** Slices of 1, 2, 4 … values are full at 0, 1, 3, 7 … values, and from 8191 on every 4096. */
function isFull(count: number): boolean {
  const next = count + 1;
  return next < 2 * LARGEST ? (next & count) === 0 : (next & (LARGEST - 1)) === 0;
}

/** Size of the slice that begins after `count` values, which fill those before it. */
function sliceSize(count: number): number {
  return Math.min(count + 1, LARGEST);
}

function lastSliceSize(count: number): number {
  return Math.min((count + 1) / 2, LARGEST);
}

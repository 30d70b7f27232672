import { SseParser } from "../core/sse.ts";

/*
 * Server-sent events as bytes. The relay never changes an event and never sends half of one: what a broken
 * upstream leaves unfinished is held back, so that the caller's last event is whole.
 */

const LF = 10;
const LF_LF = "\n\n";
const LF_CR_LF = "\n\r\n";
const CR_CR = "\r\r";

/** An event larger than this is passed on in pieces. */
const MAX_HELD = 8 * 1024 * 1024;

/** Cuts a byte stream, in any pieces, at the ends of events. The bytes that come out are those that went in. */
export class EventGate {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The last bytes that are held: the end of an event may lie across two pieces. */
  #seam: Buffer = Buffer.alloc(0);
  #aligned = true;

  /** Everything released so far ended with an event: something else may be said in between. */
  get aligned(): boolean {
    return this.#aligned;
  }

  /** All events that are complete now. */
  push(chunk: Buffer): Buffer | undefined {
    const probe = this.#seam.length === 0 ? chunk : Buffer.concat([this.#seam, chunk]);
    const end = lastEventEnd(probe) - this.#seam.length;
    if (end > 0) return this.#release(chunk, end);
    this.#hold(chunk);
    if (this.#heldBytes <= MAX_HELD) return undefined;
    this.#aligned = false;
    return this.rest();
  }

  /** What is left without an end of event. */
  rest(): Buffer | undefined {
    const rest = this.#heldBytes > 0 ? join(this.#held) : undefined;
    this.#reset();
    return rest;
  }

  #release(chunk: Buffer, end: number): Buffer {
    const whole = end === chunk.length ? chunk : chunk.subarray(0, end);
    this.#aligned = true;
    const out = this.#heldBytes === 0 ? whole : join([...this.#held, whole]);
    this.#reset();
    if (end < chunk.length) this.#hold(chunk.subarray(end));
    return out;
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    const tail = chunk.length >= 2 ? chunk : Buffer.concat([this.#seam, chunk]);
    this.#seam = tail.subarray(Math.max(0, tail.length - 2));
  }

  #reset(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#seam = this.#seam.subarray(0, 0);
  }
}

/** The events in bytes that came out of the gate, each with its own ending. */
export function eventsIn(block: Buffer): Buffer[] {
  const events: Buffer[] = [];
  let from = 0;
  while (from < block.length) {
    const end = firstEventEnd(block, from);
    events.push(block.subarray(from, end));
    from = end;
  }
  return events;
}

/** The data of one event; undefined for a comment. */
export function dataOf(event: Buffer): string | undefined {
  const parser = new SseParser();
  return [...parser.push(event), ...parser.end()][0]?.data;
}

function lastEventEnd(bytes: Buffer): number {
  const { length } = bytes;
  // As nearly always.
  if (length >= 2 && bytes[length - 1] === LF && bytes[length - 2] === LF) return length;
  return Math.max(
    endOf(bytes.lastIndexOf(LF_LF), 2),
    endOf(bytes.lastIndexOf(LF_CR_LF), 3),
    endOf(bytes.lastIndexOf(CR_CR), 2),
  );
}

function firstEventEnd(bytes: Buffer, from: number): number {
  const ends = [
    endOf(bytes.indexOf(LF_LF, from), 2),
    endOf(bytes.indexOf(LF_CR_LF, from), 3),
    endOf(bytes.indexOf(CR_CR, from), 2),
  ].filter((end) => end > 0);
  return ends.length === 0 ? bytes.length : Math.min(...ends);
}

function endOf(at: number, length: number): number {
  return at < 0 ? 0 : at + length;
}

function join(parts: Buffer[]): Buffer {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

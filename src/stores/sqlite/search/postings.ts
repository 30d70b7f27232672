import { tokenise, toTerm } from "../../../core/text.ts";
import { withRoom } from "./arrays.ts";
import { Chains } from "./chains.ts";
import type { Columns } from "./columns.ts";
import { AFTER, BEFORE, SELF } from "./stretch.ts";

/** Times a term counts in one document: 8 bits of a posting. Its document's number has the other 24. */
const MAX_FREQUENCY = 255;
const MAX_DOCUMENT_LENGTH = 65_535;
const STOP_WORD = -1;

/**
 * Which documents hold a term, and how often. A term's number is that of its chain of postings, in which
 * documents ascend. No text is kept, only terms.
 */
export class Postings {
  readonly #columns: Columns;
  readonly #terms = new Map<string, number>();
  readonly #chains = new Chains();
  /** Terms of each document, and the weighted terms of the stretch around it in the session. */
  lengths: Uint16Array = new Uint16Array(0);
  windows: Uint32Array = new Uint32Array(0);
  length = 0;
  #total = 0;
  #windowTotal = 0;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  get bytes(): number {
    return this.#chains.bytes + this.lengths.length * 6 + this.#terms.size * 70;
  }

  /** Adds the next document. `seen` maps words to terms and speeds up a row of calls; drop it after. */
  add(text: string, seen: Map<string, number>): void {
    const document = this.length;
    let terms = 0;
    for (const token of tokenise(text)) {
      let term = seen.get(token);
      if (term === undefined) seen.set(token, (term = this.#termOf(token)));
      if (term === STOP_WORD) continue;
      this.#count(term, document);
      terms++;
    }
    this.#measure(Math.min(terms, MAX_DOCUMENT_LENGTH));
  }

  /** Number of a term, or undefined when no document holds it. */
  find(term: string): number | undefined {
    return this.#terms.get(term);
  }

  /** Documents that hold the term. */
  frequency(term: number): number {
    return this.#chains.size(term);
  }

  /** Means of `lengths` and `windows`. */
  get means(): { alone: number; window: number } {
    const documents = Math.max(1, this.length - this.#columns.gone);
    return { alone: this.#total / documents || 1, window: this.#windowTotal / documents || 1 };
  }

  /** Copies the term's postings (document × 256 + frequency) into `target`; returns their number. */
  read(term: number, target: Uint32Array): number {
    return this.#chains.read(term, target);
  }

  /** Takes out the documents that `gone` marks, and the terms that only they held. */
  remove(gone: Uint8Array): void {
    const buffer = new Uint32Array(this.length);
    for (const [term, number] of this.#terms) {
      const found = buffer.subarray(0, this.read(number, buffer));
      if (!found.some((posting) => gone[posting >>> 8] === 1)) continue;
      const kept = found.filter((posting) => gone[posting >>> 8] === 0);
      this.#chains.shorten(number, kept);
      if (kept.length === 0) this.#terms.delete(term);
    }
    for (let document = 0; document < this.length; document++) {
      if (gone[document] === 0) continue;
      this.#total -= this.lengths[document]!;
      this.lengths[document] = 0;
    }
    for (let document = 0; document < this.length; document++) this.#weigh(document);
  }

  /** Gives the next document its length, and its neighbours' windows their share of it. */
  #measure(terms: number): void {
    const document = this.length++;
    this.lengths = withRoom(this.lengths, this.length);
    this.windows = withRoom(this.windows, this.length);
    this.lengths[document] = terms;
    this.#total += terms;
    this.#weigh(document);
    // Those after it look back at it, those before it look ahead.
    const { previous, next } = this.#columns;
    for (let i = 0, at = next[document]!; i < BEFORE.length && at >= 0; i++, at = next[at]!) this.#weigh(at);
    for (let i = 0, at = previous[document]!; i < AFTER.length && at >= 0; i++, at = previous[at]!)
      this.#weigh(at);
  }

  /** Sums up the stretch around a document, as far as its neighbours are measured. */
  #weigh(document: number): void {
    if (document >= this.length) return;
    const { previous, next } = this.#columns;
    let sum = SELF * this.lengths[document]!;
    for (let i = 0, at = previous[document]!; i < BEFORE.length && at >= 0; i++, at = previous[at]!) {
      if (at < this.length) sum += BEFORE[i]! * this.lengths[at]!;
    }
    for (let i = 0, at = next[document]!; i < AFTER.length && at >= 0; i++, at = next[at]!) {
      if (at < this.length) sum += AFTER[i]! * this.lengths[at]!;
    }
    this.#windowTotal += sum - this.windows[document]!;
    this.windows[document] = sum;
  }

  #termOf(token: string): number {
    const term = toTerm(token);
    if (term === "") return STOP_WORD;
    return this.#terms.get(term) ?? this.#newTerm(flat(term));
  }

  #newTerm(term: string): number {
    const number = this.#chains.add();
    this.#terms.set(term, number);
    return number;
  }

  #count(term: number, document: number): void {
    const last = this.#chains.last(term);
    // A posting is never 0, which stands for none.
    if (last === 0 || last >>> 8 !== document) this.#chains.append(term, document * 256 + 1);
    else if ((last & 255) < MAX_FREQUENCY) this.#chains.replaceLast(term, last + 1);
  }
}

/** A copy that does not keep the text alive that the term was cut from, as V8 does for slices. */
function flat(term: string): string {
  return term.length < 13 ? term : Buffer.from(term).toString();
}

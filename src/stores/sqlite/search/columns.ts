import { withRoom } from "./arrays.ts";

/** What the columns take of a row. */
export type ColumnRow = {
  number: number;
  id: string;
  occurredAt: number;
  retainedAt: number;
  expiresAt: number | null;
  deletedAt: number | null;
  sessionId: string | null;
  position: number;
  /** As stored: JSON. */
  tags: string;
};

/** Deleted before all time: never visible. */
const GONE = -Infinity;
const NONE = -1;
/** Positions above it have no neighbours: session and position share one number of 53 bits. */
const MAX_POSITION = 2 ** 26;

/** A bank's rows column by column, apart from text and vector. Documents are numbered in order of insertion. */
export class Columns {
  length = 0;
  /** The memory's number in its bank, ascending. */
  numbers = new Uint32Array(0);
  ids: string[] = [];
  occurredAt = new Float64Array(0);
  /** The earlier of said and stored: from when on it was known. */
  knownAt = new Float64Array(0);
  /** Infinity when never. */
  expiresAt = new Float64Array(0);
  deletedAt = new Float64Array(0);
  /** Neighbours in the session; -1 for none. */
  previous = new Int32Array(0);
  next = new Int32Array(0);
  sessions = new Int32Array(0);
  tagSets = new Int32Array(0);
  /** Each distinct list of tags, once. */
  readonly tagLists: string[][] = [];
  /** No row expires before this time. */
  firstExpiry = Infinity;
  deleted = 0;
  gone = 0;
  readonly #tagSetIds = new Map<string, number>();
  readonly #sessionIds = new Map<string, number>();
  readonly #places = new Map<number, number>();

  get bytes(): number {
    return (
      this.numbers.length * 52 + this.ids.length * 56 + this.#places.size * 40 + this.tagLists.length * 200
    );
  }

  add(row: ColumnRow): number {
    const document = this.length++;
    this.#makeRoom();
    this.numbers[document] = row.number;
    this.ids.push(row.id);
    this.occurredAt[document] = row.occurredAt;
    this.knownAt[document] = Math.min(row.occurredAt, row.retainedAt);
    this.deletedAt[document] = Infinity;
    this.setTimes(document, row.deletedAt, row.expiresAt);
    this.tagSets[document] = this.#tagSetOf(row.tags);
    this.#link(document, row.sessionId, row.position);
    return document;
  }

  /** The times that may change after a row was added. */
  setTimes(document: number, deletedAt: number | null, expiresAt: number | null): void {
    this.deleted += Number(deletedAt !== null) - Number(this.deletedAt[document] !== Infinity);
    this.deletedAt[document] = deletedAt ?? Infinity;
    this.expiresAt[document] = expiresAt ?? Infinity;
    this.firstExpiry = Math.min(this.firstExpiry, this.expiresAt[document]!);
  }

  /** The row is purged: nothing of it is left but an empty place. */
  drop(document: number): void {
    this.setTimes(document, GONE, null);
    this.ids[document] = "";
    this.gone++;
    const [before, after] = [this.previous[document]!, this.next[document]!];
    if (before !== NONE) this.next[before] = NONE;
    if (after !== NONE) this.previous[after] = NONE;
    this.previous[document] = this.next[document] = NONE;
  }

  isGone(document: number): boolean {
    return this.deletedAt[document] === GONE;
  }

  /** Document of a memory's number, or undefined. */
  find(number: number): number | undefined {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.numbers[middle]! < number) low = middle + 1;
      else high = middle;
    }
    return low < this.length && this.numbers[low] === number ? low : undefined;
  }

  /** Number of a session, or undefined when no row has it. */
  session(id: string): number | undefined {
    return this.#sessionIds.get(id);
  }

  #tagSetOf(json: string): number {
    let id = this.#tagSetIds.get(json);
    if (id === undefined) {
      id = this.tagLists.push(JSON.parse(json) as string[]) - 1;
      this.#tagSetIds.set(json, id);
    }
    return id;
  }

  #link(document: number, sessionId: string | null, position: number): void {
    this.sessions[document] = this.previous[document] = this.next[document] = NONE;
    if (sessionId === null) return;
    let session = this.#sessionIds.get(sessionId);
    if (session === undefined) this.#sessionIds.set(sessionId, (session = this.#sessionIds.size));
    this.sessions[document] = session;
    if (position < 0 || position >= MAX_POSITION) return;
    const place = session * MAX_POSITION + position;
    this.#places.set(place, document);
    const [before, after] = [this.#places.get(place - 1), this.#places.get(place + 1)];
    if (position > 0 && before !== undefined) this.#join(before, document);
    if (position + 1 < MAX_POSITION && after !== undefined) this.#join(document, after);
  }

  /** Links two neighbours. Links stay mutual: one that had another neighbour there lets it go. */
  #join(before: number, after: number): void {
    if (this.isGone(before) || this.isGone(after)) return;
    const [formerNext, formerPrevious] = [this.next[before]!, this.previous[after]!];
    if (formerNext !== NONE) this.previous[formerNext] = NONE;
    if (formerPrevious !== NONE) this.next[formerPrevious] = NONE;
    this.next[before] = after;
    this.previous[after] = before;
  }

  #makeRoom(): void {
    const { length } = this;
    if (length <= this.numbers.length) return;
    this.numbers = withRoom(this.numbers, length);
    this.occurredAt = withRoom(this.occurredAt, length);
    this.knownAt = withRoom(this.knownAt, length);
    this.expiresAt = withRoom(this.expiresAt, length);
    this.deletedAt = withRoom(this.deletedAt, length);
    this.previous = withRoom(this.previous, length);
    this.next = withRoom(this.next, length);
    this.sessions = withRoom(this.sessions, length);
    this.tagSets = withRoom(this.tagSets, length);
  }
}

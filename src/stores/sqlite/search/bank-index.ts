import type { Connection } from "../connection.ts";
import { BANK_SPAN, type BankState } from "../ops/banks.ts";
import { openWords } from "../ops/sealed.ts";
import { halfFloats } from "../ops/vectors.ts";
import { type ColumnRow, Columns } from "./columns.ts";
import { Matrix } from "./matrix.ts";
import { Postings } from "./postings.ts";
import type { Slabs } from "./slabs.ts";

/**
 * What one thread knows of a bank for searching: columns always, postings and matrix once they are asked for.
 * It is derived from the rows, brought up to date before each use, and may be thrown away at any time.
 */
export class BankIndex {
  readonly key: number;
  readonly #slabs: Slabs;
  readonly columns = new Columns();
  #postings: Postings | undefined;
  #matrix: Matrix | undefined;
  #version = -1;
  #purges = 0;

  constructor(bank: BankState, slabs: Slabs) {
    this.key = bank.key;
    this.#purges = bank.purges;
    this.#slabs = slabs;
  }

  get bytes(): number {
    return this.columns.bytes + (this.#postings?.bytes ?? 0) + (this.#matrix?.bytes ?? 0);
  }

  /** More than half is purged rows: better built anew. */
  get worn(): boolean {
    return this.columns.gone > 1000 && this.columns.gone * 2 > this.columns.length;
  }

  /** Takes in what was written since the last call, by any process. */
  update(connection: Connection, bank: BankState): void {
    if (bank.version === this.#version) return;
    if (bank.purges !== this.#purges) this.#dropPurged(connection);
    if (this.#version >= 0) this.#applyChanges(connection);
    this.#addRows(connection);
    if (this.#postings) this.#addTexts(connection, this.#postings);
    if (this.#matrix) this.#addVectors(connection, this.#matrix);
    this.#version = bank.version;
    this.#purges = bank.purges;
  }

  postings(connection: Connection): Postings {
    if (!this.#postings) this.#addTexts(connection, (this.#postings = new Postings(this.columns)));
    return this.#postings;
  }

  /** Vectors of another length than the question's are left out. */
  matrix(connection: Connection, dimensions: number): Matrix {
    if (this.#matrix?.dimensions === dimensions) return this.#matrix;
    this.#matrix?.release();
    this.#matrix = undefined;
    const matrix = new Matrix(this.#slabs, dimensions);
    this.#addVectors(connection, matrix);
    return (this.#matrix = matrix);
  }

  /** Postings, and the matrix if there are vectors, before anybody asks. */
  readWhole(connection: Connection): void {
    this.postings(connection);
    const first = connection
      .sql("SELECT length(data) AS bytes FROM vectors WHERE key BETWEEN ? AND ? LIMIT 1")
      .get(...this.#range(0));
    const dimensions = ((first?.["bytes"] as number | undefined) ?? 0) / 2;
    if (dimensions > 0) this.matrix(connection, dimensions);
  }

  release(): void {
    this.#matrix?.release();
    this.#matrix = undefined;
  }

  keyOf(document: number): number {
    return this.key * BANK_SPAN + this.columns.numbers[document]!;
  }

  /** Keys of the documents from `from` on. */
  #range(from: number): [number, number] {
    const { length, numbers } = this.columns;
    const first = from < length ? numbers[from]! : length === 0 ? 0 : numbers[length - 1]! + 1;
    return [this.key * BANK_SPAN + first, (this.key + 1) * BANK_SPAN - 1];
  }

  #addRows({ sql }: Connection): void {
    const { columns } = this;
    const statement = sql(
      `SELECT key, id, occurred_at, retained_at, expires_at, deleted_at, session_id, position, tags
       FROM memories WHERE key BETWEEN ? AND ? ORDER BY key`,
    );
    statement.setReturnArrays(true);
    for (const cells of statement.iterate(...this.#range(columns.length))) columns.add(this.#toRow(cells));
  }

  #toRow(record: unknown): ColumnRow {
    const cells = record as [
      number,
      string,
      number,
      number,
      number | null,
      number | null,
      string | null,
      number,
      string,
    ];
    const [key, id, occurredAt, retainedAt, expiresAt, deletedAt, sessionId, position, tags] = cells;
    const number = key - this.key * BANK_SPAN;
    return { number, id, occurredAt, retainedAt, expiresAt, deletedAt, sessionId, position, tags };
  }

  /** The speaker counts as part of what was said. */
  #addTexts({ sql }: Connection, postings: Postings): void {
    const { columns } = this;
    const statement = sql("SELECT key, body FROM texts WHERE key BETWEEN ? AND ? ORDER BY key");
    statement.setReturnArrays(true);
    const seen = new Map<string, number>();
    for (const record of statement.iterate(...this.#range(postings.length))) {
      const [key, body] = record as unknown as [number, Uint8Array];
      while (this.keyOf(postings.length) < key) postings.add("", seen);
      const { text, speaker } = openWords(body);
      postings.add(speaker === null ? text : `${speaker}: ${text}`, seen);
    }
    while (postings.length < columns.length) postings.add("", seen);
  }

  #addVectors({ sql }: Connection, matrix: Matrix): void {
    const { columns } = this;
    const from = matrix.length;
    const range = this.#range(from);
    matrix.extend(columns.length);
    const statement = sql("SELECT key, data FROM vectors WHERE key BETWEEN ? AND ? ORDER BY key");
    statement.setReturnArrays(true);
    let document = from;
    for (const record of statement.iterate(...range)) {
      const [key, data] = record as unknown as [number, Uint8Array];
      while (this.keyOf(document) < key) document++;
      matrix.set(document, halfFloats(data));
    }
  }

  /** Deletions, restorations, new expiries and new vectors of rows that were here already. */
  #applyChanges({ sql }: Connection): void {
    const changed = sql(
      "SELECT key, deleted_at, expires_at FROM memories WHERE bank = ? AND changed > ?",
    ).all(this.key, this.#version);
    const vector = sql("SELECT data FROM vectors WHERE key = ?");
    for (const row of changed) {
      const key = row["key"] as number;
      const document = this.columns.find(key - this.key * BANK_SPAN);
      if (document === undefined) continue;
      this.columns.setTimes(document, row["deleted_at"] as number | null, row["expires_at"] as number | null);
      if (!this.#matrix) continue;
      const data = vector.get(key)?.["data"] as Uint8Array | undefined;
      if (data) this.#matrix.set(document, halfFloats(data));
      else this.#matrix.clear(document);
    }
  }

  /** Purged rows leave nothing behind: not a term, not a vector, not an id. */
  #dropPurged({ sql }: Connection): void {
    const { columns } = this;
    const gone = new Uint8Array(columns.length).fill(1);
    // The index alone: the rows themselves lie far apart.
    const statement = sql("SELECT key FROM memories INDEXED BY memories_id WHERE bank = ?");
    statement.setReturnArrays(true);
    for (const record of statement.iterate(this.key)) {
      const [key] = record as unknown as [number];
      const document = columns.find(key - this.key * BANK_SPAN);
      if (document !== undefined) gone[document] = 0;
    }
    for (let document = 0; document < columns.length; document++) {
      if (gone[document] === 0 || columns.isGone(document)) continue;
      columns.drop(document);
      this.#matrix?.clear(document);
    }
    this.#postings?.remove(gone);
  }
}

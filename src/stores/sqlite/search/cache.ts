import type { Connection } from "../connection.ts";
import { type BankState, findBank } from "../ops/banks.ts";
import { BankIndex } from "./bank-index.ts";
import { Scratch } from "./scratch.ts";
import { Slabs } from "./slabs.ts";

/** A thread's indexes, the least recently used thrown away when they pass `maxBytes` together. */
export class IndexCache {
  readonly #maxBytes: number;
  readonly #slabs = new Slabs();
  readonly scratch = new Scratch();
  /** By bank id, least recently used first. */
  readonly #indexes = new Map<string, BankIndex>();
  /** Bytes of each index when it was last used, and of all: counting anew would touch every bank. */
  readonly #sizes = new Map<BankIndex, number>();
  #total = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#indexes.size;
  }

  /** The bank's index, up to date, or undefined when there is no such bank. */
  open(connection: Connection, bankId: string): BankIndex | undefined {
    const bank = findBank(connection, bankId);
    if (!bank) this.discard(bankId);
    return bank && this.#current(connection, bankId, bank);
  }

  /** After a purge: brings the bank's index up to date, if there is one, so that nothing of it stays in memory. */
  refresh(connection: Connection, bankId: string): void {
    if (this.#indexes.has(bankId)) this.open(connection, bankId);
    connection.db.exec("PRAGMA shrink_memory");
  }

  /** Called after each use, when the index has its final size. The last one used stays. */
  trim(used: BankIndex): void {
    this.#total += used.bytes - (this.#sizes.get(used) ?? 0);
    this.#sizes.set(used, used.bytes);
    for (const [bankId, index] of this.#indexes) {
      if (this.#total <= this.#maxBytes || index === used) return;
      this.discard(bankId);
    }
  }

  /** Throws an index away, e.g. one that a failure left half built. */
  discard(bankId: string): void {
    const index = this.#indexes.get(bankId);
    if (!index) return;
    index.release();
    this.#indexes.delete(bankId);
    this.#total -= this.#sizes.get(index) ?? 0;
    this.#sizes.delete(index);
  }

  #current(connection: Connection, bankId: string, bank: BankState): BankIndex {
    let index = this.#indexes.get(bankId);
    // Dropped and made again under the same name is another bank.
    if (index && (index.key !== bank.key || index.worn)) {
      this.discard(bankId);
      index = undefined;
    }
    index ??= new BankIndex(bank, this.#slabs);
    this.#indexes.delete(bankId);
    this.#indexes.set(bankId, index);
    index.update(connection, bank);
    return index;
  }
}

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

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The bank's index, up to date, or undefined when there is no such bank. */
  open(connection: Connection, bankId: string): BankIndex | undefined {
    const bank = findBank(connection, bankId);
    if (!bank) this.#drop(bankId);
    return bank && this.#current(connection, bankId, bank);
  }

  /** After a purge: brings the bank's index up to date, if there is one, so that nothing of it stays in memory. */
  refresh(connection: Connection, bankId: string): void {
    if (this.#indexes.has(bankId)) this.open(connection, bankId);
    connection.db.exec("PRAGMA shrink_memory");
  }

  /** Called after each use, when the index has its final size. The last one used stays. */
  trim(): void {
    let total = 0;
    for (const index of this.#indexes.values()) total += index.bytes;
    for (const [bankId, index] of this.#indexes) {
      if (total <= this.#maxBytes || this.#indexes.size === 1) return;
      total -= index.bytes;
      this.#drop(bankId);
    }
  }

  #current(connection: Connection, bankId: string, bank: BankState): BankIndex {
    let index = this.#indexes.get(bankId);
    // Dropped and made again under the same name is another bank.
    if (index && (index.key !== bank.key || index.worn)) {
      this.#drop(bankId);
      index = undefined;
    }
    index ??= new BankIndex(bank, this.#slabs);
    this.#indexes.delete(bankId);
    try {
      index.update(connection, bank);
    } catch (error) {
      index.release();
      throw error;
    }
    this.#indexes.set(bankId, index);
    return index;
  }

  #drop(bankId: string): void {
    this.#indexes.get(bankId)?.release();
    this.#indexes.delete(bankId);
  }
}

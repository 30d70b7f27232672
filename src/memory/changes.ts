import type { MemoryStore } from "./store.ts";

/** Tells that what a bank holds, or who may read it, has changed through this process. */
export class BankChanges {
  readonly #listeners = new Set<(bankId: string) => void>();

  /** Returns what takes the listener off. */
  listen(listener: (bankId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(bankId: string): void {
    for (const listener of this.#listeners) listener(bankId);
  }
}

/** The store, telling each change once it is made (or may have been: a failed one is told too). */
export function tellingChanges(store: MemoryStore, changes: BankChanges): MemoryStore {
  const after = async <T>(bankId: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } finally {
      changes.tell(bankId);
    }
  };
  const { banks, memories, governance } = store;
  return {
    ...store,
    banks: { ...banks, drop: (bankId, audit) => after(bankId, banks.drop(bankId, audit)) },
    memories: {
      ...memories,
      write: (batch) => after(batch.bankId, memories.write(batch)),
      softDelete: (bankId, ...rest) => after(bankId, memories.softDelete(bankId, ...rest)),
      restore: (bankId, ...rest) => after(bankId, memories.restore(bankId, ...rest)),
      purge: (bankId, ...rest) => after(bankId, memories.purge(bankId, ...rest)),
    },
    governance: {
      ...governance,
      setGrant: (bankId, ...rest) => after(bankId, governance.setGrant(bankId, ...rest)),
      removeGrant: (bankId, ...rest) => after(bankId, governance.removeGrant(bankId, ...rest)),
    },
  };
}

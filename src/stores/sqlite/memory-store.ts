import type { MemoryReads, MemoryStore } from "../../memory/store.ts";
import type { SqliteDatabase } from "./database.ts";

/** The memory engine's port over an open database; closing the store closes the database. */
export function memoryStore(database: SqliteDatabase): MemoryStore {
  return {
    banks: bankStore(database),
    memories: memoryRows(database),
    search: memorySearch(database),
    governance: governanceStore(database),
    audit: {
      append: (entries) => database.write("audit.append", entries),
      read: (afterSeq, limit, bankId) =>
        database.read(
          "audit.read",
          { afterSeq, limit, ...(bankId !== undefined && { bankId }) },
          bankId ?? "",
        ),
    },
    beside: besideIn(database),
    close: () => database.close(),
  };
}

/** Every thread loads a module at its first use: a later one that does it in mid-question would be late. */
function besideIn(database: SqliteDatabase): NonNullable<MemoryStore["beside"]> {
  const loads = new Map<string, Promise<void>>();
  const load = (module: string): Promise<void> => {
    const known = loads.get(module);
    if (known) return known;
    const begun = database.readEverywhere("beside.load", module);
    loads.set(module, begun);
    // A thread that ended meanwhile is no reason never to try again.
    begun.catch(() => loads.delete(module));
    return begun;
  };
  return async <T>({ href: module }: URL, task: unknown, bankId: string, signal?: AbortSignal) => {
    await load(module);
    return (await database.read("beside", { module, task }, bankId, { affinity: bankId, signal })) as T;
  };
}

/** The same reads for what runs in a reader's own thread. */
export function readsOf(database: Pick<SqliteDatabase, "read">): MemoryReads {
  return {
    banks: { get: (bankId) => database.read("banks.get", bankId, bankId) },
    memories: { get: (bankId, ids) => database.read("memories.get", { bankId, ids }, bankId) },
    search: memorySearch(database),
  };
}

function bankStore(database: SqliteDatabase): MemoryStore["banks"] {
  return {
    get: (bankId) => database.read("banks.get", bankId, bankId),
    ensure: (bank) => database.write("banks.ensure", bank, bank.id),
    list: () => database.read("banks.list", undefined, ""),
    drop: async (bankId, audit) => {
      await database.write("banks.drop", { bankId, audit }, bankId);
      await database.readEverywhere("search.refresh", bankId);
    },
  };
}

function memoryRows(database: SqliteDatabase): MemoryStore["memories"] {
  return {
    write: (batch) => database.write("memories.write", batch, batch.bankId),
    idempotent: (bankId, key) => database.read("memories.idempotent", { bankId, key }, bankId),
    get: (bankId, ids) => database.read("memories.get", { bankId, ids }, bankId),
    byHash: (bankId, hashes) => database.read("memories.byHash", { bankId, hashes }, bankId),
    bySlot: (bankId, slots) => database.read("memories.bySlot", { bankId, slots }, bankId),
    lastPosition: (bankId, sessionId) =>
      database.read("memories.lastPosition", { bankId, sessionId }, bankId),
    select: (bankId, selector) => database.read("memories.select", { bankId, selector }, bankId),
    softDelete: (bankId, ids, at, audit) =>
      database.write("memories.softDelete", { bankId, ids, at, audit }, bankId),
    restore: (bankId, ids, audit) => database.write("memories.restore", { bankId, ids, audit }, bankId),
    purge: async (bankId, ids, audit) => {
      const count = await database.write("memories.purge", { bankId, ids, audit }, bankId);
      await database.readEverywhere("search.refresh", bankId);
      return count;
    },
    scan: (bankId, after, limit) => database.read("memories.scan", { bankId, after, limit }, bankId),
    replaceVectors: (bankId, vectors, model) =>
      database.write(
        "memories.replaceVectors",
        { bankId, vectors, ...(model !== undefined && { model }) },
        bankId,
      ),
  };
}

function memorySearch(database: Pick<SqliteDatabase, "read">): MemoryStore["search"] {
  return {
    lexical: (bankId, text, filter, limit) =>
      database.read("search.lexical", { bankId, text, filter, limit }, bankId, { affinity: bankId }),
    dense: (bankId, vector, filter, limit) =>
      database.read("search.dense", { bankId, vector, filter, limit }, bankId, { affinity: bankId }),
    recent: (bankId, filter, limit) =>
      database.read("search.recent", { bankId, filter, limit }, bankId, { affinity: bankId }),
  };
}

function governanceStore(database: SqliteDatabase): MemoryStore["governance"] {
  return {
    grants: (bankId) => database.read("grants.list", bankId, bankId),
    setGrant: (bankId, principal, permissions, audit) =>
      database.write("grants.set", { bankId, principal, permissions, audit }, bankId),
    removeGrant: (bankId, principal, audit) =>
      database.write("grants.remove", { bankId, principal, audit }, bankId),
    holds: (bankId) => database.read("holds.list", bankId, bankId),
    setHold: (hold, audit) => database.write("holds.set", { hold, audit }, hold.bankId),
    removeHold: (bankId, holdId, audit) => database.write("holds.remove", { bankId, holdId, audit }, bankId),
    consume: (counter, windowStart, amount, limit) =>
      database.write("counters.consume", { counter, windowStart, amount, limit }, counter),
  };
}

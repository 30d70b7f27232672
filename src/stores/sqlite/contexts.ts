import type { Connection } from "./connection.ts";
import type { IndexCache } from "./search/cache.ts";

/** What a write operation works with. It runs inside a transaction that it shares with others, in its own savepoint. */
export type WriteContext = Connection & {
  /** Asks that no deleted byte remains in the file or its log before this call is answered. */
  scrub(): void;
};

/** What a read operation works with. It runs inside one read transaction: all its statements see one state. */
export type ReadContext = Connection & { indexes: IndexCache };

/** The arguments and result that an operation has seen from outside. */
type Operation = (context: never, args: never) => unknown;
export type Args<T extends Operation> = Parameters<T>[1];
export type Result<T extends Operation> = ReturnType<T>;

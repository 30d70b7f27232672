import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type RunOptions, WorkerPool, workerUrl } from "../../core/worker-pool.ts";
import { type Connection, configureReader, connect } from "./connection.ts";
import type { Args, Result } from "./contexts.ts";
import { toStoreError } from "./errors.ts";
import { type ReadOps, shortReads, type WriteOps } from "./ops/index.ts";
import type { Call, ReaderData, WriterData } from "./protocol.ts";

/*
 * One SQLite file and the threads that work on it: one that writes (`writer.ts`, with group commit) and some
 * that read (`reader.ts`). Both ports of this package are thin faces over one handle, so that a transaction
 * can span both.
 *
 * To add an operation: write `(context, args) => result` in a module of `ops/` (or of your own folder) under
 * a name like "sessions.get", and spread the module into `writeOps` or `readOps` of `ops/index.ts`. Then
 * `database.write("sessions.create", args)` and `database.read("sessions.get", args, lane)` are typed by it.
 * Arguments and results cross threads: plain data and typed arrays only.
 * A write operation is one atomic unit; it may call the functions of other modules (`appendAudit`). A read
 * operation sees one state of the file. To add tables: append to `MIGRATIONS`.
 */

export type SqliteOptions = {
  /** Reader threads; as many as there are cores, at least 2, when absent. */
  readers?: number;
  /** Memory for the banks' search indexes, shared by the readers. 512 MiB when absent. */
  cacheBytes?: number;
  /** How long a call waits for another process that writes, or for readers at a purge. 5 seconds when absent. */
  busyTimeoutMs?: number;
  /** Size limit of the file in pages of 1 KiB, e.g. to test what a full disk does: `store_full`. */
  maxPages?: number;
};

type WriteName = keyof WriteOps & string;
type ReadName = keyof ReadOps & string;

export type SqliteDatabase = {
  /** One atomic change, durable when it returns. */
  write<K extends WriteName>(op: K, args: Args<WriteOps[K]>, lane?: string): Promise<Result<WriteOps[K]>>;
  /**
   * Sees every write that has returned, of any process. Lanes take turns; see `RunOptions` for the rest,
   * which look-ups on this thread do not need.
   */
  read<K extends ReadName>(
    op: K,
    args: Args<ReadOps[K]>,
    lane: string,
    options?: Omit<RunOptions, "lane">,
  ): Promise<Result<ReadOps[K]>>;
  /** Runs a read operation once in every reader thread that lives. */
  readEverywhere<K extends ReadName>(op: K, args: Args<ReadOps[K]>): Promise<void>;
  close(): Promise<void>;
};

/** How long a look-up on the caller's thread waits for a locked file. */
const LOOKUP_TIMEOUT_MS = 100;

/** Calls that may wait together for one commit. */
const WRITES_IN_FLIGHT = 64;

/** Opens or creates the file. `:memory:` is a temporary file that goes at close. Nothing is loaded yet. */
export async function openDatabase(path: string, options: SqliteOptions = {}): Promise<SqliteDatabase> {
  const temporary = path === ":memory:" ? await mkdtemp(join(tmpdir(), "astrocyte-")) : undefined;
  const file = temporary ? join(temporary, "store.db") : path;
  const readerCount = options.readers ?? Math.max(2, availableParallelism());
  const { maxPages, busyTimeoutMs = 5_000 } = options;
  const writer = newWriter({ path: file, busyTimeoutMs, ...(maxPages !== undefined && { maxPages }) });
  const cacheBytes = (options.cacheBytes ?? 512 * 2 ** 20) / readerCount;
  const readers = newReaders({ path: file, busyTimeoutMs, cacheBytes }, readerCount);
  let lookups: Connection | undefined;
  const close = async () => {
    lookups?.close();
    lookups = undefined;
    await readers.close();
    await writer.close();
    if (temporary) await rm(temporary, { recursive: true, force: true });
  };
  try {
    await writer.run({ op: "store.ready", args: undefined } satisfies Call);
  } catch (error) {
    await close();
    throw error;
  }
  readers.warm(2);
  // On this thread: a file that somebody locks must not hold up the event loop.
  lookups = connect(file, true, LOOKUP_TIMEOUT_MS);
  configureReader(lookups);
  const here = lookups;
  return {
    write: (op, args, lane = "") => writer.run({ op, args } satisfies Call, { lane }),
    async read(op, args, lane, options) {
      const short = (shortReads as Record<string, (context: Connection, args: never) => unknown>)[op];
      return short
        ? lookUp(here, short, args)
        : readers.run({ op, args } satisfies Call, { lane, ...options });
    },
    readEverywhere: (op, args) => readers.everywhere({ op, args } satisfies Call),
    close,
  };
}

function lookUp<T>(
  connection: Connection,
  read: (context: Connection, args: never) => unknown,
  args: unknown,
): T {
  try {
    return read(connection, args as never) as T;
  } catch (error) {
    throw toStoreError(error);
  }
}

function newWriter(workerData: WriterData): WorkerPool {
  return new WorkerPool({
    url: workerUrl("./writer", import.meta.url),
    name: "store writer",
    size: 1,
    inFlight: WRITES_IN_FLIGHT,
    workerData,
    crashCode: "store_busy",
  });
}

function newReaders(workerData: ReaderData, size: number): WorkerPool {
  return new WorkerPool({
    url: workerUrl("./reader", import.meta.url),
    name: "store reader",
    size,
    // Reading a bank's index takes longer than a few searches: nobody waits for that while another thread has it.
    learn: (bankId) => ({ op: "search.learn", args: bankId }) satisfies Call,
    patience: 1,
    workerData,
    crashCode: "store_busy",
  });
}

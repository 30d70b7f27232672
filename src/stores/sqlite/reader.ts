import { workerData } from "node:worker_threads";
import { serveTasks } from "../../core/worker-tasks.ts";
import type { MemoryReads } from "../../memory/store.ts";
import { configureReader, connect } from "./connection.ts";
import type { Args, ReadContext } from "./contexts.ts";
import type { SqliteDatabase } from "./database.ts";
import { toStoreError } from "./errors.ts";
import { readsOf } from "./memory-store.ts";
import { type Beside, readOps } from "./ops/index.ts";
import type { Call, ReaderData } from "./protocol.ts";
import { IndexCache } from "./search/cache.ts";

/** A reader's thread: a read-only connection of its own. */
const { path, busyTimeoutMs, cacheBytes } = workerData as ReaderData;
const operations = readOps as Record<string, Operation>;

let context: ReadContext | undefined;

function open(): ReadContext {
  const connection = connect(path, true, busyTimeoutMs);
  configureReader(connection);
  return { ...connection, indexes: new IndexCache(cacheBytes) };
}

type BesideArgs = Args<Beside["beside"]>;
type Operation = (context: ReadContext, args: unknown) => unknown;
type Besides = (reads: MemoryReads, task: unknown) => Promise<unknown>;

const besides = new Map<string, Besides>();

async function run({ op, args }: Call): Promise<unknown> {
  context ??= open();
  // Loading takes turns of the event loop, in which another call may come: it ends before the transaction begins.
  if (op === "beside.load") return void (await moduleOf(args as string));
  const operation = op === "beside" ? await beside(args as BesideArgs) : operations[op]!;
  const { db } = context;
  db.exec("BEGIN");
  try {
    return await operation(context, args);
  } finally {
    if (db.isTransaction) db.exec("COMMIT");
  }
}

async function beside({ module, task }: BesideArgs): Promise<Operation> {
  const work = await moduleOf(module);
  return (context) => work(readsIn(context), task);
}

async function moduleOf(href: string): Promise<Besides> {
  let found = besides.get(href);
  if (!found) besides.set(href, (found = ((await import(href)) as { default: Besides }).default));
  return found;
}

/** Reads of this thread's own: they are there at once. */
function readsIn(context: ReadContext): MemoryReads {
  const read = async (op: string, args: unknown) => operations[op]!(context, args);
  return readsOf({ read: read as SqliteDatabase["read"] });
}

let before: Promise<unknown> = Promise.resolve();

serveTasks(
  (message) => {
    // One after another: two transactions of one connection must not meet.
    const mine = before
      .then(() => run(message as Call))
      .catch((error) => {
        throw toStoreError(error);
      });
    before = mine.catch(() => {});
    return mine;
  },
  () => context?.close(),
);

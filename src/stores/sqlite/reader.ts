import { workerData } from "node:worker_threads";
import { serveTasks } from "../../core/worker-tasks.ts";
import { configureReader, connect } from "./connection.ts";
import type { ReadContext } from "./contexts.ts";
import { toStoreError } from "./errors.ts";
import { readOps } from "./ops/index.ts";
import type { Call, ReaderData } from "./protocol.ts";
import { IndexCache } from "./search/cache.ts";

/** A reader's thread: a read-only connection of its own. */
const { path, busyTimeoutMs, cacheBytes } = workerData as ReaderData;
const operations = readOps as Record<string, (context: ReadContext, args: unknown) => unknown>;

let context: ReadContext | undefined;

function open(): ReadContext {
  const connection = connect(path, true, busyTimeoutMs);
  configureReader(connection);
  return { ...connection, indexes: new IndexCache(cacheBytes) };
}

function run({ op, args }: Call): unknown {
  context ??= open();
  const { db } = context;
  db.exec("BEGIN");
  try {
    return operations[op]!(context, args);
  } finally {
    if (db.isTransaction) db.exec("COMMIT");
  }
}

serveTasks(
  (message) => {
    try {
      return run(message as Call);
    } catch (error) {
      throw toStoreError(error);
    }
  },
  () => context?.close(),
);

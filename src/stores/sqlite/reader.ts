import { workerData } from "node:worker_threads";
import { serveTasks } from "../../core/worker-tasks.ts";
import { type Connection, configureReader, connect } from "./connection.ts";
import type { ReadContext } from "./contexts.ts";
import { toStoreError } from "./errors.ts";
import { readOps } from "./ops/index.ts";
import type { Call, ReaderData } from "./protocol.ts";

/** A reader's thread: a read-only connection of its own. */
const { path } = workerData as ReaderData;
const operations = readOps as Record<string, (context: ReadContext, args: unknown) => unknown>;

let connection: Connection | undefined;

function open(): Connection {
  const fresh = connect(path, true);
  configureReader(fresh);
  return fresh;
}

function run({ op, args }: Call): unknown {
  connection ??= open();
  const { db } = connection;
  db.exec("BEGIN");
  try {
    return operations[op]!(connection, args);
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
  () => connection?.close(),
);

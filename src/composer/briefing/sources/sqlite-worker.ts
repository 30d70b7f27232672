import { DatabaseSync, type StatementSync } from "node:sqlite";
import { workerData } from "node:worker_threads";
import { serveTasks } from "../../../core/worker-tasks.ts";

const { database, sql, timeoutMs } = workerData as { database: string; sql: string; timeoutMs: number };
let open: { db: DatabaseSync; statement: StatementSync } | undefined;

/** Opened at the first query, so that a file that appears later is found. */
function statement(): StatementSync {
  if (!open) {
    const db = new DatabaseSync(database, { readOnly: true, timeout: timeoutMs });
    const prepared = db.prepare(sql);
    prepared.setReadBigInts(true);
    open = { db, statement: prepared };
  }
  return open.statement;
}

serveTasks(
  (values) => statement().get(...(values as string[])),
  () => open?.db.close(),
);

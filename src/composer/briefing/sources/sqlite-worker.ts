import { DatabaseSync, type StatementSync } from "node:sqlite";
import { workerData } from "node:worker_threads";
import { AstrocyteError } from "../../../core/errors.ts";
import { serveTasks } from "../../../core/worker-tasks.ts";

const { database, sql, timeoutMs, rows } = workerData as {
  database: string;
  sql: string;
  timeoutMs: number;
  rows: number;
};
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

function run(values: unknown): unknown {
  try {
    return [
      ...statement()
        .iterate(...(values as string[]))
        .take(rows),
    ];
  } catch {
    // SQLite's own message may quote a value.
    throw new AstrocyteError("source_failed", "[sources] the SQLite query failed. Check database and query.");
  }
}

serveTasks(run, () => open?.db.close());

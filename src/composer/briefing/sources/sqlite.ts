import { WorkerPool, workerUrl } from "../../../core/worker-pool.ts";
import { bind, type SqlQuery, type SqlStatement } from "./sql.ts";

/** SQLite through `node:sqlite`, read-only, in a worker thread: a slow query never holds up the event loop. */
export function sqliteQuery({ name, database, sql, parameters, rows, timeoutMs }: SqlStatement): SqlQuery {
  const pool = new WorkerPool({
    url: workerUrl("sqlite-worker", import.meta.url),
    name: `source-${name}`,
    size: 1,
    workerData: { database, sql: bind(sql, () => "?", parameters).text, timeoutMs, rows },
    crashCode: "source_failed",
  });
  return {
    run: (values) => pool.run(values),
    close: () => pool.close(),
  };
}

import { WorkerPool, workerUrl } from "../../../core/worker-pool.ts";
import { bind, type SqlOptions, type SqlQuery } from "./sql.ts";

/** SQLite through `node:sqlite`, read-only, in a worker thread: a slow query never holds up the event loop. */
export function sqliteQuery({ name, database, query, timeoutMs }: SqlOptions): SqlQuery {
  const pool = new WorkerPool({
    url: workerUrl("sqlite-worker", import.meta.url),
    name: `source-${name}`,
    size: 1,
    workerData: { database, sql: bind(query, () => "?").text, timeoutMs },
    crashCode: "source_failed",
  });
  return {
    first: (values) => pool.run(values),
    close: () => pool.close(),
  };
}

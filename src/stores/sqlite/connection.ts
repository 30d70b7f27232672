import { DatabaseSync, type StatementSync } from "node:sqlite";
import { PAGE_SIZE } from "./ops/sealed.ts";

/** One thread's own connection, with its prepared statements. */
export type Connection = {
  db: DatabaseSync;
  /** The prepared statement of this text; prepared once. The text must be a constant of the code. */
  sql(text: string): StatementSync;
  close(): void;
};

export function connect(path: string, readOnly: boolean, timeout: number): Connection {
  const db = new DatabaseSync(path, { readOnly, timeout });
  const statements = new Map<string, StatementSync>();
  return {
    db,
    sql(text) {
      let statement = statements.get(text);
      if (!statement) statements.set(text, (statement = db.prepare(text)));
      return statement;
    },
    close: () => db.close(),
  };
}

/** The writer's settings: acknowledged is durable, deleted is overwritten. */
export function configureWriter({ db }: Connection, maxPages: number | undefined): void {
  db.exec(`PRAGMA page_size = ${PAGE_SIZE}`);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec("PRAGMA secure_delete = ON");
  // Undo data of savepoints would otherwise go to a temporary file, beyond the reach of secure_delete.
  db.exec("PRAGMA temp_store = MEMORY");
  db.exec("PRAGMA cache_size = -32000");
  db.exec("PRAGMA wal_autocheckpoint = 8000");
  db.exec("PRAGMA journal_size_limit = 67108864");
  if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${Math.trunc(maxPages)}`);
}

export function configureReader({ db }: Connection): void {
  db.exec("PRAGMA cache_size = -16000");
  db.exec("PRAGMA mmap_size = 1073741824");
}

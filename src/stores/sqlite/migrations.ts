import { AstrocyteError } from "../../core/errors.ts";
import { COMPOSER_CALLS, COMPOSER_SCHEMA } from "./composer/schema.ts";
import type { Connection } from "./connection.ts";
import { MEMORY_SCHEMA } from "./schema.ts";

/**
 * The schema's steps. `PRAGMA user_version` counts those that a file has had. Append only: a released step
 * never changes, because files that have had it exist.
 */
export const MIGRATIONS: string[] = [MEMORY_SCHEMA, COMPOSER_SCHEMA, COMPOSER_CALLS];

/** Brings a file up to date in one transaction; refuses one that a newer release has written. */
export function migrate({ db }: Connection): void {
  if (versionOf(db) === MIGRATIONS.length) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    const version = versionOf(db);
    if (version > MIGRATIONS.length) throw newer(version);
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function versionOf(db: Connection["db"]): number {
  return db.prepare("PRAGMA user_version").get()!["user_version"] as number;
}

function newer(version: number): AstrocyteError {
  return new AstrocyteError(
    "store_newer",
    `[store] the file has schema ${version}, this release knows ${MIGRATIONS.length}. Use the release that wrote it, or a newer one.`,
    { details: { found: version, known: MIGRATIONS.length } },
  );
}

import { AstrocyteError } from "../../core/errors.ts";
import type { Connection } from "./connection.ts";

/**
 * Moves the write-ahead log into the file, where deleted content is overwritten with zeros (secure_delete),
 * and empties the log. Waits for readers up to the busy timeout; our own hold the log for one call only. A
 * longer reader of another process keeps old pages in the log: the error says so and a later purge, of
 * anything, finishes the work.
 */
export function scrubFile({ db }: Connection): AstrocyteError | undefined {
  const row = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
  if (row.busy === 0) return undefined;
  return new AstrocyteError(
    "store_busy",
    "[store] deleted, but a long reader keeps the old bytes in the write-ahead log. End it, then purge again.",
  );
}

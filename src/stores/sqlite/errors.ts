import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const FULL = 13;

const MESSAGES: Partial<Record<ErrorCode, string>> = {
  store_full: "the disk or the store's size limit is full; nothing was written. Free space, then call again.",
  store_busy: "another process holds the store. Call again.",
};

/** Anything that SQLite or an operation threw, as this package's error. No values: a message might quote content. */
export function toStoreError(error: unknown): AstrocyteError {
  if (AstrocyteError.is(error)) return error;
  const number = sqliteCode(error);
  const code =
    number === FULL ? "store_full" : number === BUSY || number === LOCKED ? "store_busy" : "store_failed";
  const reason =
    number === undefined ? nameOf(error) : `SQLite said: ${(error as { errstr: string }).errstr}`;
  const message = MESSAGES[code] ?? `${reason}. Check the file and its disk.`;
  return new AstrocyteError(code, `[store] ${message}`, {
    cause: error,
    ...(number !== undefined && { details: { sqlite: number } }),
  });
}

function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown failure";
}

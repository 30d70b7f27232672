import type { MemoryStore } from "../../memory/store.ts";
import { openDatabase, type SqliteOptions } from "./database.ts";
import { memoryStore } from "./memory-store.ts";

export { composerStore } from "./composer-store.ts";
export { openDatabase, type SqliteDatabase, type SqliteOptions } from "./database.ts";
export { memoryStore } from "./memory-store.ts";

/**
 * The memory store over one SQLite file, made when it does not exist. Errors: `store_newer`, `store_failed`.
 * To share the file with the composer's store use `openDatabase` and put both faces over it.
 */
export async function open(path: string, options?: SqliteOptions): Promise<MemoryStore> {
  return memoryStore(await openDatabase(path, options));
}

/** What crosses between the database handle and its threads. */
export type Call = { op: string; args: unknown };

export type WriterData = { path: string; busyTimeoutMs: number; maxPages?: number };

export type ReaderData = { path: string; busyTimeoutMs: number; cacheBytes: number };

import { composerReads, composerWrites } from "../composer/index.ts";
import type { ReadContext } from "../contexts.ts";
import { auditReads, auditWrites } from "./audit.ts";
import { bankReads, bankWrites } from "./banks.ts";
import { governanceReads, governanceWrites } from "./governance.ts";
import { memoryReads } from "./memory-reads.ts";
import { memoryWrites } from "./memory-writes.ts";
import { searchReads } from "./search.ts";

/**
 * Every operation by its name, for the writer's thread and the readers'. A module adds its own with a spread;
 * names carry their area ("banks.get").
 */
export const writeOps = {
  ...bankWrites,
  ...memoryWrites,
  ...governanceWrites,
  ...auditWrites,
  ...composerWrites,
};

export const readOps = {
  ...bankReads,
  ...memoryReads,
  ...governanceReads,
  ...auditReads,
  ...searchReads,
  ...composerReads,
};

/**
 * Reads of a row or two by key. They run on the caller's own connection: some ten microseconds, where the way to
 * another thread and back takes more than a hundred and wakes two threads.
 */
export const shortReads = {
  "banks.get": bankReads["banks.get"],
  "grants.list": governanceReads["grants.list"],
  "holds.list": governanceReads["holds.list"],
  "sessions.get": composerReads["sessions.get"],
};

/** Not an operation on the file but a function of the caller's own, which the reader's thread loads and runs. */
export type Beside = {
  beside(context: ReadContext, args: { module: string; task: unknown }): unknown;
  "beside.load"(context: ReadContext, module: string): void;
};

export type WriteOps = typeof writeOps;
export type ReadOps = typeof readOps & Beside;

import { bankReads, bankWrites } from "./banks.ts";

/**
 * Every operation by its name, for the writer's thread and the readers'. A module adds its own with a spread;
 * names carry their area ("banks.get").
 */
export const writeOps = { ...bankWrites };

export const readOps = { ...bankReads };

export type WriteOps = typeof writeOps;
export type ReadOps = typeof readOps;

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Flags } from "./run.ts";

/** Where `npm start` puts its sample, and where memory goes when nothing else is said. */
export const FOLDER = ".astrocyte";

export type Place = { config: string } | { db: string };

/**
 * The memory that a command works on: what the flags say, then `ASTROCYTE_CONFIG` and `ASTROCYTE_DB`, then
 * `astrocyte.yaml` here or in `.astrocyte/`, then the file `.astrocyte/memory.db`.
 */
export async function locate({ db, config }: Pick<Flags, "db" | "config">): Promise<Place> {
  if (config !== undefined) return { config };
  if (db !== undefined) return { db };
  const { ASTROCYTE_CONFIG, ASTROCYTE_DB } = process.env;
  if (ASTROCYTE_CONFIG) return { config: ASTROCYTE_CONFIG };
  if (ASTROCYTE_DB) return { db: ASTROCYTE_DB };
  const found = ["astrocyte.yaml", join(FOLDER, "astrocyte.yaml")].find((file) => existsSync(file));
  if (found) return { config: found };
  const file = join(FOLDER, "memory.db");
  await mkdir(dirname(file), { recursive: true });
  return { db: file };
}

import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Record<string, string | undefined>;

/** `ASTROCYTE_CACHE_DIR`, else the folder that the operating system has for caches. */
export function cacheFolder(env: Environment = process.env, platform: string = process.platform): string {
  if (env["ASTROCYTE_CACHE_DIR"]) return env["ASTROCYTE_CACHE_DIR"];
  if (env["XDG_CACHE_HOME"]) return join(env["XDG_CACHE_HOME"], "astrocyte");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "astrocyte");
  if (platform === "win32") return join(env["LOCALAPPDATA"] ?? homedir(), "astrocyte", "Cache");
  return join(homedir(), ".cache", "astrocyte");
}

/** The file, or undefined when it cannot be read. */
export async function readCached(folder: string, name: string): Promise<Uint8Array | undefined> {
  return readFile(join(folder, name)).catch(() => undefined);
}

/**
 * Stores a file so that other processes see all of it or nothing; the last of several writers wins.
 * A folder that cannot be written costs the next start some time and nothing else: returns false.
 */
export async function writeCached(folder: string, name: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = join(folder, `${name}.${process.pid}-${randomBytes(6).toString("hex")}.tmp`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(temporary, bytes);
    await rename(temporary, join(folder, name));
    return true;
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
    return false;
  }
}

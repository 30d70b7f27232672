import { timingSafeEqual } from "node:crypto";
import { sha256 } from "../../core/secrets.ts";
import type { ServerConfig } from "../config.ts";

export type ApiKey = ServerConfig["keys"][number];

/** Finds the key that was given; all are compared, whatever is found, so the time tells nothing. */
export function keyring(keys: ApiKey[]): (given: string) => ApiKey | undefined {
  const hashed = keys.map((entry) => ({ entry, hash: Buffer.from(entry.hash ?? sha256(entry.key!)) }));
  return (given) => {
    const digest = Buffer.from(sha256(given));
    let found: ApiKey | undefined;
    for (const { entry, hash } of hashed) if (timingSafeEqual(digest, hash)) found = entry;
    return found;
  };
}

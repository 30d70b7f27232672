import { sha256 } from "./secrets.ts";

/** What the first entry of a chain has as its previous hash. */
export const CHAIN_START = "0".repeat(64);

/** Hash of an entry together with the hash before it: changing or removing one breaks all that follow. */
export function chainHash(previousHash: string, entry: Record<string, unknown>): string {
  return sha256(`${previousHash}\n${canonicalJson(entry)}`);
}

/** JSON with sorted keys, so that the same data always has the same bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

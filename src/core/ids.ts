import { randomFillSync } from "node:crypto";
import type { Clock } from "./clock.ts";

/** Asking the system for each id's chance would cost more than the id. */
const POOL = Buffer.alloc(4_096);
let used = POOL.length;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A new id: prefix, 10 characters of time, 16 of chance (80 bits). Ids of one process sort by creation.
 * Not a secret: never used as a credential.
 */
export function newId(prefix: string, clock: Clock): string {
  return `${prefix}_${encodeTime(clock.now())}${encodeRandom(chance(16))}`;
}

function chance(bytes: number): Uint8Array {
  if (used + bytes > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  used += bytes;
  return POOL.subarray(used - bytes, used);
}

function encodeTime(ms: number): string {
  let out = "";
  let rest = ms;
  for (let i = 0; i < 10; i++) {
    out = ALPHABET[rest % 32] + out;
    rest = Math.floor(rest / 32);
  }
  return out;
}

function encodeRandom(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += ALPHABET[byte & 31];
  return out;
}

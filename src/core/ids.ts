import { randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A new id: prefix, 10 characters of time, 16 of chance (80 bits). Ids of one process sort by creation.
 * Not a secret: never used as a credential.
 */
export function newId(prefix: string, clock: Clock): string {
  return `${prefix}_${encodeTime(clock.now())}${encodeRandom(randomBytes(16))}`;
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

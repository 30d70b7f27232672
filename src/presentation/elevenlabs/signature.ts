import { createHmac } from "node:crypto";
import { safeEqual } from "../../core/secrets.ts";

/** Older than this, or as far ahead, is refused (contract §A.11; ElevenLabs's own helper lets the future pass). */
export const TOLERANCE_MS = 30 * 60_000;

/**
 * Whether `header` (`t=<unix seconds>,v0=<hex>`) signs these bytes now: HMAC-SHA256 of `<t>.<raw body>`, compared
 * in constant time. Several `v0` may be there while a secret is replaced.
 */
export function verifyElevenLabsSignature(
  secret: string,
  body: Uint8Array,
  header: string | undefined,
  now: number,
): boolean {
  const parts = (header ?? "").split(",").map((part) => part.trim());
  const after = (part: string) => part.slice(part.indexOf("=") + 1);
  const t = parts.filter((part) => part.startsWith("t=")).map(after)[0] ?? "";
  if (!/^\d{1,12}$/.test(t) || Math.abs(now - Number(t) * 1000) > TOLERANCE_MS) return false;
  const expected = createHmac("sha256", secret).update(`${t}.`).update(body).digest("hex");
  const given = parts.filter((part) => part.startsWith("v0=")).map(after);
  return given.filter((each) => safeEqual(each, expected)).length > 0;
}

import { createHmac } from "node:crypto";
import { safeEqual } from "../../core/secrets.ts";

/**
 * Whether `X-Tavus-Signature` of a tool call delivered to our API is that of the exact bytes that came:
 * lowercase hex of HMAC-SHA256, no prefix, no timestamp (contract §9.3). Conversation webhooks carry none.
 * The missing timestamp lets a call be replayed: `tool_call_id` must be executed once.
 */
export function verifyTavusSignature(secret: string, body: Uint8Array, header: string | undefined): boolean {
  if (secret === "" || header === undefined) return false;
  return safeEqual(header.trim(), createHmac("sha256", secret).update(body).digest("hex"));
}

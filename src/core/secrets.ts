import { createHash, createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * What a derived key is for. A key of one purpose is worthless for another.
 * `session` is the browser's token, `brain` the vendor's key for the shared brain, `webhook` the secret part
 * of a callback path, `socket` that of the address of a call that passes through us, `tool` the vendor's key for
 * tool delivery, `context` signs a token inside a prompt.
 * `person` and `marker` are no credentials but pseudonyms, of a person and of this deployment.
 */
export type KeyPurpose =
  | "person"
  | "marker"
  | "session"
  | "brain"
  | "webhook"
  | "socket"
  | "tool"
  | "context";

/** 256-bit key for one purpose and one subject (a session id), base64url. Same inputs, same key. */
export function deriveKey(secret: string, purpose: KeyPurpose, subject: string): string {
  return createHmac("sha256", secret).update(`astrocyte.v1\0${purpose}\0${subject}`).digest("base64url");
}

/**
 * A bearer credential that names its subject, so that it can be checked without a search:
 * `<subject>.<derived key>`. It dies with the session because the session's state is checked as well.
 */
export function sealKey(secret: string, purpose: KeyPurpose, subject: string): string {
  return `${subject}.${deriveKey(secret, purpose, subject)}`;
}

/** The subject of a sealed key, or undefined when it is malformed or forged. */
export function openKey(secret: string, purpose: KeyPurpose, sealed: string): string | undefined {
  const cut = sealed.lastIndexOf(".");
  if (cut <= 0) return undefined;
  const subject = sealed.slice(0, cut);
  return safeEqual(sealed.slice(cut + 1), deriveKey(secret, purpose, subject)) ? subject : undefined;
}

/** Comparison in constant time; differing lengths are unequal and take the same path. */
export function safeEqual(a: string, b: string): boolean {
  const digest = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** SHA-256 as lowercase hex. */
export function sha256(value: string | Uint8Array): string {
  return hash("sha256", value);
}

/** A new random secret, 256 bits, base64url. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

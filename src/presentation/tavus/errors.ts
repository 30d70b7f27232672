import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";

/** What to do about each class of failure (contract §1.1). */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  vendor_auth: "Check presentation.tavus.api_key and the key's list of allowed addresses.",
  vendor_credits: "The account is out of conversation minutes: buy more, or wait for the next period.",
  vendor_capacity: "The plan's concurrent conversations are all in use: end one, or try again later.",
  vendor_conflict: "Something of that name exists, or the web editor holds a draft: publish or discard it.",
  vendor_not_found: "It was deleted, or belongs to another account.",
  vendor_rate_limited: "Slow down and try again.",
  vendor_invalid: "Check the persona's tavus block against docs/vendors/tavus.md.",
  vendor_failed: "Try again later; see Tavus's status page.",
};

/**
 * The error for an answer that is no success. Tavus writes its text under `error` or `message`; that text
 * decides where the status alone does not. It may echo what we sent, so it is classified and not repeated.
 */
export function tavusError(what: string, status: number, body: string): AstrocyteError {
  const code = classify(status, readText(body));
  return new AstrocyteError(code, `[tavus] ${what} was refused with status ${status}. ${ADVICE[code]}`, {
    details: { vendor: "tavus", status },
  });
}

function classify(status: number, text: string): ErrorCode {
  if (/maximum concurrent/i.test(text)) return "vendor_capacity";
  if (status === 402 || /out of conversational credits/i.test(text)) return "vendor_credits";
  if (status === 401 || status === 403) return "vendor_auth";
  if (status === 404 || /^invalid \w+_id\b/i.test(text)) return "vendor_not_found";
  if (status === 409) return "vendor_conflict";
  if (status === 429) return "vendor_rate_limited";
  return status >= 500 ? "vendor_failed" : "vendor_invalid";
}

function readText(body: string): string {
  try {
    const parsed = JSON.parse(body) as { error?: unknown; message?: unknown } | null;
    return String(parsed?.error ?? parsed?.message ?? body);
  } catch {
    return body;
  }
}

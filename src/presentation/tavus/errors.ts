import type { ErrorCode } from "../../core/errors.ts";
import { asRow } from "../read.ts";

/** What to do about each class of failure, where Tavus asks for more than the usual (contract §1.1). */
export const ADVICE: Partial<Record<ErrorCode, string>> = {
  vendor_auth: "Check presentation.tavus.api_key and the key's list of allowed addresses.",
  vendor_credits: "The account is out of conversation minutes: buy more, or wait for the next period.",
  vendor_conflict: "Something of that name exists, or the web editor holds a draft: publish or discard it.",
};

/** Tavus writes its text under `error` or `message`; that text decides where the status alone does not. */
export function classify(status: number, body: string): ErrorCode | undefined {
  const text = readText(body);
  if (/maximum concurrent/i.test(text)) return "vendor_capacity";
  if (/out of conversational credits/i.test(text)) return "vendor_credits";
  return /^invalid \w+_id\b/i.test(text) && status < 500 ? "vendor_not_found" : undefined;
}

function readText(body: string): string {
  try {
    const { error, message } = asRow(JSON.parse(body));
    return String(error ?? message ?? body);
  } catch {
    return body;
  }
}

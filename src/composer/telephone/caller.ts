import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { deriveKey } from "../../core/secrets.ts";
import { toE164 } from "../../core/telephone.ts";
import type { InboundCall } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { Consent } from "../store.ts";
import type { InboundLine } from "./config.ts";

/** Whom a call is taken to be with, and how much of it may be kept. */
export type Caller = { subject: string; consent: Consent };

/**
 * Who calls, as far as a number tells: a number can be faked, so this is whom the call is about, and no proof of
 * who speaks. A number that nobody has, or several, is a pseudonym, the same each call. Who hides the number is
 * somebody new each time, and memory learns nothing of a stranger whom it can never meet again.
 * Costs one look-up. Errors: `not_found` where unknown callers are declined; `source_failed` of a required source.
 */
export async function callerOf(
  parts: ComposerParts,
  line: InboundLine,
  call: InboundCall,
  vendor: string,
): Promise<Caller> {
  const number = toE164(call.from);
  const known = number && (await lookUp(parts, line, number));
  if (known) return { subject: `user:${known}`, consent: line.consent };
  if (line.unknown === "decline")
    throw new AstrocyteError("not_found", "[inbound] nobody is known by this number. Call from a known one.");
  if (number) return { subject: pseudonym(parts, line, number), consent: line.consent };
  const once = pseudonym(parts, line, `${vendor}\0${call.callId}`);
  return { subject: once, consent: line.consent === "memory" ? "transcript" : line.consent };
}

async function lookUp(
  parts: ComposerParts,
  { caller }: InboundLine,
  number: string,
): Promise<string | undefined> {
  const source = caller && parts.sources.get(caller.source);
  if (!source) return undefined;
  try {
    const found = await source.find(caller.field, number);
    if (found.length > 1)
      parts.logger.warn(
        { source: source.name },
        "more than one person has a caller's number; nobody is guessed",
      );
    return found.length === 1 ? found[0] : undefined;
  } catch (error) {
    if (source.required) throw error;
    const { code } = toAstrocyteError(error);
    parts.logger.warn({ source: source.name, code }, "a caller could not be looked up and stays unknown");
    return undefined;
  }
}

function pseudonym(parts: ComposerParts, { tenantId = "" }: InboundLine, who: string): string {
  return `user:caller-${deriveKey(parts.secret, "person", `${tenantId}\0caller\0${who}`).slice(0, 20)}`;
}

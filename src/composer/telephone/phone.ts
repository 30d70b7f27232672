import { AstrocyteError } from "../../core/errors.ts";
import { toE164 } from "../../core/telephone.ts";
import type { PresentationAdapter } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { Persona, Subject } from "../types.ts";

/**
 * Whom a vendor that dials has to call, in E.164: what the system of record says, and nobody else. Undefined for
 * other vendors. Costs one read. Errors: `invalid_input` where there is no number, before anything is billed.
 */
export async function phoneOf(
  parts: ComposerParts,
  { id, phone }: Persona,
  subject: Subject,
  { vendor, capabilities }: PresentationAdapter,
): Promise<string | undefined> {
  if (capabilities.family !== "telephony") return undefined;
  const source = phone && parts.sources.get(phone.source);
  if (!source)
    throw missing(
      `${vendor} dials, and "${id}" does not say whom. Set personas.${id}.phone: {source, field}`,
    );
  const { fields } = await source.fetch(subject);
  const value = fields.find(({ name }) => name === phone.field)?.value;
  const number = value === undefined ? undefined : toE164(String(value), source.country);
  if (number !== undefined) return number;
  throw missing(
    `${phone.source}.${phone.field} holds no telephone number of this person. Correct the record`,
  );
}

function missing(what: string): AstrocyteError {
  return new AstrocyteError("invalid_input", `[telephone] ${what}.`);
}

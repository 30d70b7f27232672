import { AstrocyteError } from "../../../core/errors.ts";
import { toE164 } from "../../../core/telephone.ts";

/**
 * Looks for rows by the value of one field and gives the source's own keys of them. More than one is enough to
 * know that nobody is meant.
 */
export type Finder = (value: string, signal: AbortSignal) => Promise<string[]>;

/** How many rows a finder needs to see. */
export const ENOUGH = 2;

/** Two values are the same when these are: telephone numbers are compared as E.164. */
export function comparable(value: unknown, country: string | undefined): string {
  const text = String(value).trim();
  return toE164(text, country) ?? text;
}

/** The finder of a field. Errors: `not_supported`, naming the fields that there are. */
export function requireFinder(source: string, finders: Record<string, Finder>, field: string): Finder {
  if (Object.hasOwn(finders, field)) return finders[field]!;
  const known = Object.keys(finders).join(", ") || "none";
  throw new AstrocyteError(
    "not_supported",
    `[source ${source}] nobody can be looked up by ${field}. Known: ${known}. Add sources.${source}.find.${field}.`,
  );
}

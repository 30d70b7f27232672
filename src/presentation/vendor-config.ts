import type { z } from "zod";
import { AstrocyteError } from "../core/errors.ts";

/**
 * Checks `presentation.<vendor>` at the edge. `more` names what the shape alone does not tell.
 * Errors: `config_invalid`, naming every field that is wrong, never a value.
 */
export function parseVendorConfig<T extends z.ZodType>(
  vendor: string,
  schema: T,
  input: unknown,
  more: (config: z.output<T>) => string[] = () => [],
): z.output<T> {
  const result = schema.safeParse(input);
  const issues = result.success ? more(result.data) : issuesOf(result.error);
  if (result.success && issues.length === 0) return result.data;
  throw invalidVendorConfig(vendor, issues);
}

/** The error that `parseVendorConfig` throws. */
export function invalidVendorConfig(vendor: string, issues: string[]): AstrocyteError {
  return new AstrocyteError(
    "config_invalid",
    `[${vendor}] presentation.${vendor} is not valid: ${issues.join("; ")}. Correct these fields.`,
    { details: { issues } },
  );
}

/** Field and fault, never a value. */
function issuesOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
}

/**
 * What of a persona's block for this vendor has the wrong shape, each a sentence; where none has, what `more` finds.
 * This is an adapter's `validate`.
 */
export function blockProblems<T extends z.ZodType>(
  vendor: string,
  schema: T,
  block: unknown,
  more: (block: z.output<T>) => string[],
): string[] {
  const parsed = schema.safeParse(block);
  return parsed.success
    ? more(parsed.data)
    : issuesOf(parsed.error).map((issue) => `vendors.${vendor}.${issue}`);
}

/** Those of `fields` that a block has though the adapter sets them itself, each a sentence. `at` is where they stand. */
export function takenProblems(at: string, block: object | undefined, fields: string[]): string[] {
  return fields
    .filter((field) => block && field in block)
    .map((field) => `${at}.${field} is set by Astrocyte: remove it`);
}

/** `validate` says the same earlier; this stands between a bad persona and a bill when it was not asked. */
export function assertFits(vendor: string, problems: string[]): void {
  if (problems.length === 0) return;
  throw new AstrocyteError("invalid_input", `[${vendor}] the persona does not fit: ${problems.join("; ")}.`, {
    details: { problems },
  });
}

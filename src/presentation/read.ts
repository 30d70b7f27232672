import { AstrocyteError } from "../core/errors.ts";

/** Readers of vendors' answers: lenient about what is there beside, strict about what we cannot do without. */
export type Row = Record<string, unknown>;

/** The object that it is; an empty one for anything else. */
export function asRow(value: unknown): Row {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : {};
}

/** The objects of an array; none for anything else. */
export function asRows(value: unknown): Row[] {
  return Array.isArray(value) ? value.map(asRow) : [];
}

/** A text with something in it; `undefined` for anything else. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Milliseconds of an ISO string or of Unix seconds; `undefined` for anything else. */
export function readTime(value: unknown): number | undefined {
  const ms =
    typeof value === "number" ? value * 1000 : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) ? Math.round(ms) : undefined;
}

/** JSON of a request's or a message's bytes. Errors: `invalid_input` when it is no JSON object. */
export function parseRow(vendor: string, bytes: Uint8Array | string): Row {
  try {
    const value: unknown = JSON.parse(typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
  } catch {
    // The parser's message may quote what was sent.
  }
  throw new AstrocyteError("invalid_input", `[${vendor}] the body is no JSON object.`);
}

/** A field without which there is no going on. Errors: `vendor_failed`. */
export function required(vendor: string, value: unknown, field: string): string {
  const found = text(value);
  if (found !== undefined) return found;
  throw new AstrocyteError(
    "vendor_failed",
    `[${vendor}] the answer lacks ${field}. The API may have changed: see docs/vendors/${vendor}.md.`,
    { retryable: false, details: { vendor, field } },
  );
}

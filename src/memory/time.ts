import { AstrocyteError } from "../core/errors.ts";
import type { TimeInput } from "./types.ts";

/** Milliseconds of a time as callers give it. A date without a zone is UTC. Errors: `invalid_input`. */
export function toMs(time: TimeInput, field: string): number {
  const ms = typeof time === "number" ? time : time instanceof Date ? time.getTime() : parse(time);
  if (Number.isFinite(ms)) return Math.round(ms);
  throw new AstrocyteError(
    "invalid_input",
    `[memory] ${field} is not a time. Give milliseconds, a Date, or ISO 8601 such as 2026-01-15T12:00:00Z.`,
  );
}

function parse(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return Number.NaN;
  const zoned = text.length <= 10 || /[zZ]$|[+-]\d{2}:?\d{2}$/.test(text);
  return Date.parse(zoned ? text : `${text.replace(" ", "T")}Z`);
}

import { toIso } from "../../core/clock.ts";

/** Objects whose keys belong to the user. */
const FOREIGN = new Set(["metadata", "facts", "details"]);
/** A sequence number. */
const NOT_TIMES = new Set(["brokenAt"]);

/** The wire form of a result: snake_case, times as UTC ISO 8601, what is absent left out. */
export function toWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [
        snake(key),
        isTime(key, item) ? toIso(item) : FOREIGN.has(key) ? item : toWire(item),
      ]),
  );
}

function isTime(key: string, value: unknown): value is number {
  return (
    typeof value === "number" &&
    !NOT_TIMES.has(key) &&
    (/^(?:at|from|to|asOf)$/.test(key) || /[a-z]At$/.test(key))
  );
}

function snake(key: string): string {
  return key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

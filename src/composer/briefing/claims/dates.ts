import * as chrono from "chrono-node";

/** The parts of a date that were said; what was only implied is absent. */
export type DateParts = {
  year?: number;
  month?: number;
  day?: number;
  hour?: number;
  minute?: number;
  /** The next such day after the memory, for a year that was not said. */
  nearestYear?: number;
};

export type FoundDate = { index: number; end: number; parts: DateParts };

const ORDINAL = /\b(?:the )?(\d{1,2})(?:st|nd|rd|th)\b/gi;
const YEAR = /\b((?:19|20)\d\d)\b/g;
/** Day and month in an order that differs by country. */
const AMBIGUOUS = /^(?:on )?\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?$/;

/** Times in a text said at `at`, as far as they were said; neighbours ("Friday" "the 23rd") are one. */
export function findDates(text: string, at: number): FoundDate[] {
  const reference = { instant: new Date(at), timezone: 0 };
  const found: FoundDate[] = chrono.en.casual
    .parse(text, reference, { forwardDate: true })
    .filter((result) => !AMBIGUOUS.test(result.text))
    .map((result) => ({
      index: result.index,
      end: result.index + result.text.length,
      parts: partsOf(result.start),
    }));
  addMatches(found, text, ORDINAL, (day) => ({ day }));
  addMatches(found, text, YEAR, (year) => ({ year }));
  return merge(found, text);
}

/** A record's own date, as it is written there; numbers are milliseconds or seconds since the epoch. */
export function recordDate(value: string | number | boolean): DateParts | undefined {
  const text =
    typeof value === "number" ? new Date(value < 1e11 ? value * 1000 : value).toISOString() : String(value);
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}))?/.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute] = match.slice(1).map((part) => (part ? Number(part) : undefined));
  return { year: year!, month: month!, day: day!, ...(hour !== undefined && { hour, minute: minute! }) };
}

/** Start of the day that the parts name, in milliseconds; undefined when no day was said. */
export function dayOf(parts: DateParts): number | undefined {
  const year = parts.year ?? parts.nearestYear;
  if (year === undefined || parts.month === undefined) return undefined;
  return Date.UTC(year, parts.month - 1, parts.day ?? 28);
}

export function sameDate(said: DateParts, record: DateParts, ignoreYear: boolean): boolean {
  if (
    said.year !== undefined &&
    !(ignoreYear && said.month !== undefined && said.year > record.year!) &&
    said.year !== record.year
  )
    return false;
  if (said.month !== undefined && said.month !== record.month) return false;
  if (said.day !== undefined && said.day !== record.day) return false;
  if (said.hour === undefined || record.hour === undefined) return true;
  return said.hour === record.hour && (said.minute ?? 0) === (record.minute ?? 0);
}

function partsOf(components: chrono.ParsedComponents): DateParts {
  const get = (name: "year" | "month" | "day" | "hour" | "minute") => components.get(name) ?? 0;
  const sure = (name: "year" | "month" | "day" | "hour" | "minute" | "weekday") => components.isCertain(name);
  const parts: DateParts = {};
  if (sure("weekday") && !sure("day")) {
    Object.assign(parts, { year: get("year"), month: get("month"), day: get("day") });
  } else {
    if (sure("year")) parts.year = get("year");
    if (sure("month")) parts.month = get("month");
    if (sure("day")) parts.day = get("day");
  }
  if (sure("hour")) Object.assign(parts, { hour: get("hour"), minute: get("minute") });
  if (parts.month !== undefined) parts.nearestYear = get("year");
  return parts;
}

function addMatches(
  found: FoundDate[],
  text: string,
  pattern: RegExp,
  partsFor: (value: number) => DateParts,
): void {
  for (const match of text.matchAll(pattern)) {
    const index = match.index;
    const end = index + match[0].length;
    if (found.some((other) => index < other.end && end > other.index)) continue;
    found.push({ index, end, parts: partsFor(Number(match[1])) });
  }
}

function merge(found: FoundDate[], text: string): FoundDate[] {
  const merged: FoundDate[] = [];
  for (const next of found.sort((a, b) => a.index - b.index)) {
    const last = merged.at(-1);
    if (last && /^[\s,]*(?:at|on|the|of|in)?[\s,]*$/i.test(text.slice(last.end, next.index))) {
      last.end = next.end;
      // A day that was said beats the one that a weekday alone would mean.
      last.parts = { ...last.parts, ...next.parts };
    } else merged.push(next);
  }
  return merged;
}

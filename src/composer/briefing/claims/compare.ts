import type { Attribute } from "../../types.ts";
import { dayOf, recordDate, sameDate } from "./dates.ts";
import { unitOf, within } from "./measures.ts";
import { isRegion, wordsOf } from "./open-values.ts";
import { type Said, spellings } from "./values.ts";

/** `unknown`: what was said and the record cannot be compared (another currency, a country against a city). */
export type Comparison = "same" | "different" | "unknown";

export type RecordValue = string | number | boolean;

/** Compares what a memory says with the record. `now` and `saidAt` tell past dates from coming ones. */
export function compare(
  said: Said,
  record: RecordValue,
  attribute: Attribute,
  now: number,
  saidAt: number,
): Comparison {
  switch (said.kind) {
    case "choice":
      return same(spellings(attribute, String(record)).get(spelling(record)) === said.value);
    case "email":
      return same(said.value === String(record).trim().toLowerCase());
    case "phone":
      return comparePhone(said.value, String(record));
    case "measure":
      return compareMeasure(said, Number(record), attribute);
    case "date":
      return compareDate(said, record, attribute, now, saidAt);
    case "text":
      return compareText(said.value, String(record), attribute);
  }
}

function spelling(record: RecordValue): string {
  return String(record).toLowerCase().replace(/-/g, " ");
}

function same(equal: boolean): Comparison {
  return equal ? "same" : "different";
}

/** Numbers are written with and without country and trunk prefix; the shorter one's end decides. */
function comparePhone(said: string, record: string): Comparison {
  const a = said.replace(/^0+/, "");
  const b = record.replace(/\D/g, "").replace(/^0+/, "");
  if (Math.min(a.length, b.length) < 3) return "unknown";
  return same(a.endsWith(b) || b.endsWith(a));
}

function compareMeasure(
  said: Extract<Said, { kind: "measure" }>,
  record: number,
  attribute: Attribute,
): Comparison {
  if (!Number.isFinite(record)) return "unknown";
  if (attribute.currency && said.currency && said.currency !== attribute.currency) return "unknown";
  if (attribute.period && said.period && said.period !== attribute.period) return "unknown";
  const unit = attribute.unit === undefined ? undefined : unitOf(attribute.unit);
  if (said.dimension && said.dimension !== unit?.dimension) return "unknown";
  const tolerance = attribute.tolerance ?? (attribute.type === "amount" || unit ? 0.02 : 0);
  return same(within(record * (unit?.factor ?? 1), said.measure, tolerance));
}

function compareDate(
  said: Extract<Said, { kind: "date" }>,
  record: RecordValue,
  attribute: Attribute,
  now: number,
  saidAt: number,
): Comparison {
  const parts = recordDate(record);
  if (!parts) return "unknown";
  const recordDay = dayOf(parts)!;
  // "My contract was renewed in May" speaks of a past one; a birth is past in the record as well.
  if (said.past && recordDay > saidAt) return "unknown";
  const saidDay = dayOf(said.parts);
  const today = now - (now % 86_400_000);
  if (!attribute.recurs && saidDay !== undefined && saidDay < today && recordDay >= today) return "unknown";
  return same(sameDate(said.parts, parts, attribute.recurs === "yearly"));
}

function compareText(said: string, record: string, attribute: Attribute): Comparison {
  const claimed = wordsOf(said);
  if (claimed.length === 0) return "unknown";
  const names = [record, ...synonymsOf(record, attribute)];
  if (names.some((name) => covers(wordsOf(name), claimed))) return "same";
  return attribute.type === "place" && isRegion(said) && !isRegion(record) ? "unknown" : "different";
}

function synonymsOf(record: string, attribute: Attribute): string[] {
  const lower = record.toLowerCase();
  return Object.entries(attribute.values)
    .filter(([value, synonyms]) => [value, ...synonyms].some((word) => word.toLowerCase() === lower))
    .flatMap(([value, synonyms]) => [value, ...synonyms]);
}

/** One names the other with more or less detail: "Volvo" and "Volvo V60". */
function covers(a: string[], b: string[]): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.every((word) => long.includes(word));
}

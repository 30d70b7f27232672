import type { Attribute } from "../../types.ts";
import { type DateParts, findDates } from "./dates.ts";
import { type Measure, NUMBER, parseNumber, QUALIFIER, toMeasure, UNIT_NAMES, unitOf } from "./measures.ts";
import { escapeRegex } from "./subject.ts";

/** What a memory says the value is. */
export type Said =
  | { kind: "choice"; value: string }
  | { kind: "text"; value: string }
  | { kind: "measure"; measure: Measure; dimension?: string; currency?: string; period?: string }
  | { kind: "date"; parts: DateParts; past: boolean }
  | { kind: "email" | "phone"; value: string };

export type Tagged = { text: string; values: Said[] };

type Span = { index: number; end: number; said: Said };

/** Stands for a value that was recognised by its form, so that a phrase can ask for "a date here". */
export const MARK = "\\uE000(?<mark>\\d+)\\uE001";

/** Replaces every value of the attribute's type by a mark. `text` and `place` have no form of their own. */
export function tagValues(text: string, attribute: Attribute, record: string, at: number): Tagged {
  const spans = find(text, attribute, record, at);
  let out = "";
  let from = 0;
  for (const [number, { index, end }] of spans.entries()) {
    out += `${text.slice(from, index)}\uE000${number}\uE001`;
    from = end;
  }
  return { text: out + text.slice(from), values: spans.map(({ said }) => said) };
}

function find(text: string, attribute: Attribute, record: string, at: number): Span[] {
  switch (attribute.type) {
    case "choice":
      return findChoices(text, attribute, record);
    case "number":
      return findNumbers(text, attribute);
    case "amount":
      return findAmounts(text);
    case "date":
      return findDates(text, at).map(({ index, end, parts }) => ({
        index,
        end,
        said: { kind: "date", parts, past: false },
      }));
    case "email":
      return findAll(text, EMAIL, (match) => ({ kind: "email", value: match[0].toLowerCase() }));
    case "phone":
      return findAll(text, PHONE, (match) => ({ kind: "phone", value: match[0].replace(/\D/g, "") }));
    default:
      return [];
  }
}

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;
const PHONE = /\+?\d(?:[\d ()/.-]{0,24}\d)?/g;

function findAll(text: string, pattern: RegExp, said: (match: RegExpMatchArray) => Said): Span[] {
  return [...text.matchAll(pattern)].map((match) => ({
    index: match.index!,
    end: match.index! + match[0].length,
    said: said(match),
  }));
}

const choices = new WeakMap<Attribute, Map<string, string>>();

/** Every spelling of a choice's values to its canonical one. */
export function spellings(attribute: Attribute, record: string): Map<string, string> {
  let all = choices.get(attribute);
  if (!all) {
    all = new Map();
    for (const [value, synonyms] of Object.entries(attribute.values)) {
      for (const word of [value, ...synonyms]) all.set(word.toLowerCase().replace(/-/g, " "), value);
    }
    choices.set(attribute, all);
  }
  const known = record.toLowerCase().replace(/-/g, " ");
  return all.has(known) ? all : new Map([...all, [known, record]]);
}

const choicePatterns = new WeakMap<Map<string, string>, RegExp>();

function findChoices(text: string, attribute: Attribute, record: string): Span[] {
  const all = spellings(attribute, record);
  return findAll(text, choicePattern(all), ([word]) => ({
    kind: "choice",
    value: all.get(word.toLowerCase().replace(/-/g, " "))!,
  }));
}

function choicePattern(all: Map<string, string>): RegExp {
  const known = choicePatterns.get(all);
  if (known) return known;
  const words = [...all.keys()].sort((a, b) => b.length - a.length);
  const body = words.map((word) => escapeRegex(word).replaceAll(" ", "[ -]")).join("|");
  const pattern = new RegExp(`(?<![^\\s,;:"'(/-])(?:${body})(?![^\\s,;:.!?"')/-])`, "gi");
  choicePatterns.set(all, pattern);
  return pattern;
}

const UNIT = UNIT_NAMES.map((name) => (/\w/.test(name) ? `${name}\\b` : name)).join("|");
const QUANTITY = new RegExp(
  `(${QUALIFIER})(${NUMBER})(?:[ -]?(${UNIT})(?:[ -]?(?:and )?(${NUMBER})(?:[ -]?(${UNIT}))?)?)?`,
  "gi",
);

function findNumbers(text: string, attribute: Attribute): Span[] {
  const own = attribute.unit === undefined ? undefined : unitOf(attribute.unit);
  return findAll(text, QUANTITY, (match) => {
    const [, qualifier, number, unit, rest, restUnit] = match;
    const first = parseNumber(number!);
    if (unit === undefined || own === undefined) {
      return { kind: "measure", measure: toMeasure(first * (own?.factor ?? 1), qualifier!) };
    }
    const { dimension, factor } = unitOf(unit)!;
    const value = first * factor + (rest === undefined ? 0 : parseNumber(rest) * smaller(unit, restUnit));
    return { kind: "measure", measure: toMeasure(value, qualifier!), dimension };
  });
}

/** Of "5 foot 11" the inches, of "11 stone 13" the pounds, of "1 m 78" the centimetres. */
function smaller(unit: string, named: string | undefined): number {
  if (named !== undefined) return unitOf(named)!.factor;
  if (/^(?:st|stone)/i.test(unit)) return unitOf("lb")!.factor;
  return /^(?:ft|foot|feet|')/i.test(unit) ? unitOf("in")!.factor : unitOf("cm")!.factor;
}

const CURRENCIES: Record<string, string> = {
  "€": "EUR",
  eur: "EUR",
  euro: "EUR",
  euros: "EUR",
  $: "USD",
  usd: "USD",
  dollar: "USD",
  dollars: "USD",
  bucks: "USD",
  "£": "GBP",
  gbp: "GBP",
  pound: "GBP",
  pounds: "GBP",
  quid: "GBP",
  "¥": "JPY",
  jpy: "JPY",
  yen: "JPY",
  chf: "CHF",
  franc: "CHF",
  francs: "CHF",
  cad: "CAD",
  aud: "AUD",
  inr: "INR",
  "₹": "INR",
  rupees: "INR",
};
const CURRENCY = Object.keys(CURRENCIES)
  .sort((a, b) => b.length - a.length)
  .map((name) => (/\w/.test(name) ? `${name}\\b` : escapeRegex(name)))
  .join("|");
const PERIOD =
  "(?: ?(?:a|per|each|every|/) ?(day|week|month|year)\\b| (daily|weekly|monthly|yearly|annually))?";
const AMOUNT = new RegExp(`(${QUALIFIER})(?:(${CURRENCY}) ?)?(${NUMBER})(?: ?(${CURRENCY}))?${PERIOD}`, "gi");
const ADVERBS: Record<string, string> = {
  daily: "day",
  weekly: "week",
  monthly: "month",
  yearly: "year",
  annually: "year",
};

function findAmounts(text: string): Span[] {
  return findAll(text, AMOUNT, (match) => {
    const [, qualifier, before, number, after, period, adverb] = match;
    const sign = (before ?? after)?.toLowerCase();
    const said: Said = { kind: "measure", measure: toMeasure(parseNumber(number!), qualifier!) };
    if (sign !== undefined) said.currency = CURRENCIES[sign]!;
    const time = period?.toLowerCase() ?? (adverb && ADVERBS[adverb.toLowerCase()]);
    if (time !== undefined) said.period = time;
    return said;
  });
}

import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { Finding } from "./kinds.ts";
import { before, type Run, type Scan } from "./scan.ts";

/** Where a national number may come from when the configuration names no countries. */
export const PHONE_COUNTRIES: readonly CountryCode[] = [
  "US",
  "GB",
  "DE",
  "FR",
  "ES",
  "IT",
  "NL",
  "BE",
  "AT",
  "CH",
  "PL",
  "SE",
  "IE",
  "PT",
  "AU",
  "IN",
  "BR",
  "JP",
  "SG",
  "ZA",
];

/** Words that announce a phone number. */
export const PHONE_CONTEXT =
  /\b(?:(?:tele)?phone|tel|call(?:ed|ing)? (?:me|us|him|her|them|back)|mobile|cell|text(?:ed)? (?:me|us|him|her|them)|sms|whats ?app|fax|reach(?:ed|able)? (?:me|us|him|her|them|at|on)|landline|dial(?:led)?|ring (?:me|us|him|her|them)|contact(?: number)?|my number|(?:his|her|their|our) number|number is|hotline|telefon|telefonnummer|handy|mobil|rufnummer|anrufen|r[üu]ckruf|erreichbar|t[ée]l[ée]phone|portable|appelez|num[ée]ro|tel[ée]fono|m[óo]vil|celular|ll[áa]mame|cellulare|chiamami|telefoon|bel me|telefone|telem[óo]vel)\b/i;
const STRONG_CONTEXT =
  /(?:\b(?:(?:tele)?phone|tel|mobile|cell|whats ?app|fax|landline|telefon|handy|telefonnummer|handynummer|t[ée]l[ée]phone|tel[ée]fono|cellulare|telefone)(?: (?:number|no|nummer))?|\b(?:call|text|ring|reach) (?:me|us|him|her|them)(?: back)?)(?:[.:]| is| ist| es| est| on| at| under| unter| au){0,2}[ :.(]{0,3}$/i;
/** Words that announce some other number. */
const OTHER =
  /(?:\b(?:order|orders|tracking|invoice|ticket|ref|reference|case|isbn|issn|sku|serial|part|model|item|product|article|po|rfc|issue|booking|account|acct|version|batch|lot|parcel|shipment|claim|policy|flight|imei|barcode|ean|upc)\b\W{0,2}(?:number|code|no|nr|id)?[\s.:#]{0,3}(?:is |was )?|#)$/i;
const DATE = /^(?:\d{1,2}([-./ ])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([-./ ])\d{1,2}\2\d{1,2})/;

/** Full checks cost 20 µs each; past this many in one text, a plausible form alone counts. */
const CHECKS = 2_000;

export function findPhones({ text, runs }: Scan, countries: readonly string[] = PHONE_COUNTRIES): Finding[] {
  const found: Finding[] = [];
  let checks = 0;
  const valid = (digits: string, country?: string) =>
    checks++ >= CHECKS || isPhone(digits, country as CountryCode | undefined);
  for (const run of runs) {
    if (digitsOf(run) < 7) continue;
    for (let first = 0; first < run.groups.length; first++) {
      const span = phoneFrom({ text, run, first, countries, valid });
      if (!span) continue;
      found.push({ kind: "phone", start: span.start, end: run.groups[span.last]!.end });
      first = span.last;
    }
  }
  return found;
}

function digitsOf({ groups }: Run): number {
  return groups.reduce((sum, { start, end }) => sum + end - start, 0);
}

type Candidate = {
  text: string;
  run: Run;
  first: number;
  countries: readonly string[];
  valid: (digits: string, country?: string) => boolean;
};
type Span = { start: number; last: number };

function phoneFrom(candidate: Candidate): Span | undefined {
  const { text, run, first } = candidate;
  const start = run.groups[first]!.start;
  const head = text.slice(Math.max(0, start - 3), start);
  const plus = /(?<![\p{L}\p{N}])\+ ?\(?$/u.exec(head)?.[0].length;
  if (plus !== undefined) return international(candidate, start - plus, "");
  if (/[\d\p{L}_][-./]?$|[#$€£]$/u.test(head) && first === 0) return undefined;
  if (first > 0 && !/ /.test(run.gaps[first - 1]!)) return undefined;
  const exit = /^(?:00|011)(?=[1-9])/.exec(text.slice(start, start + 4))?.[0] ?? exitGroup(text, run, first);
  return (exit && international(candidate, start, exit)) || national(candidate);
}

/** `00 49 …` and `011 44 …`: the exit code as a group of its own. */
function exitGroup(text: string, run: Run, first: number): string | undefined {
  const group = run.groups[first]!;
  const digits = text.slice(group.start, group.end);
  return (digits === "00" || digits === "011") && run.groups.length > first + 1 ? digits : undefined;
}

/** The longest run of groups that is a number of the country code that it begins with. */
function international(candidate: Candidate, start: number, exit: string): Span | undefined {
  const { text, run, first, valid } = candidate;
  for (const { last, digits } of prefixes(text, run, first, 17)) {
    const number = digits.slice(exit.length).replace(/^(\d{1,3})\(0\)/, "$1");
    if (number.length >= 8 && valid(`+${number}`)) return { start, last };
  }
  return undefined;
}

function national(candidate: Candidate): Span | undefined {
  const { text, run, first, countries, valid } = candidate;
  const start = run.groups[first]!.start;
  const bracket = text[start - 1] === "(" ? 1 : 0;
  const lead = before(text, start - bracket);
  const announced = PHONE_CONTEXT.test(lead);
  if (OTHER.test(lead) && !announced) return undefined;
  if (DATE.test(text.slice(start, start + 10))) return undefined;
  const strong = STRONG_CONTEXT.test(lead);
  for (const { last, digits, shape } of prefixes(text, run, first, 13)) {
    if (digits.length < 7) break;
    if (!endsClean(text, run, last)) continue;
    const fits =
      strong ||
      isNorthAmerican(shape, digits, announced, countries) ||
      (nationalShape(shape, digits, countries) ?? (announced ? countries : [])).some((country) =>
        valid(digits, country),
      );
    if (fits) return { start: start - bracket, last };
  }
  return undefined;
}

type Prefix = { last: number; digits: string; shape: string };

/** Runs of whole groups from `first`, longest first; `shape` has each group's size and what follows it. */
function prefixes(text: string, run: Run, first: number, limit: number): Prefix[] {
  const all: Prefix[] = [];
  let digits = "";
  let shape = "";
  for (let last = first; last < run.groups.length; last++) {
    const group = run.groups[last]!;
    if (last > first) {
      const gap = run.gaps[last - 1]!;
      if (!/^(?:[ \-./]| ?\(|\) ?|\)-|\((?=0)| - )$/.test(gap)) break;
      shape += gap.trim() || " ";
    }
    const zero = text.slice(group.start - 1, group.end + 1) === "(0)";
    if (!zero) digits += text.slice(group.start, group.end);
    if (digits.length > limit) break;
    shape += String(group.end - group.start);
    if (digits.length >= 7) all.push({ last, digits, shape });
  }
  return all.reverse();
}

/** Not the head of a longer number, a decimal or a range. */
function endsClean(text: string, run: Run, last: number): boolean {
  const end = run.groups[last]!.end;
  return !/^(?:[-/]\d|[.,]\d|[%€$£]| ?(?:USD|EUR|GBP|dollars|euros|pounds)\b)/.test(text.slice(end, end + 9));
}

/** `(415) 555-2671`, `415-555-2671`, `1-415-…`; with spaces alone, or the invented 555, only by the numbering plan. */
function isNorthAmerican(
  shape: string,
  digits: string,
  announced: boolean,
  countries: readonly string[],
): boolean {
  if (!countries.includes("US") && !countries.includes("CA")) return false;
  const match = /^(?:1([-. ]))?\(?3(\)|[-. ]|\)-)3([-. ])4$/.exec(shape);
  const number = digits.slice(-10);
  const planned = /^[2-9](?!11)\d\d[2-9](?!11)\d{6}$/.test(number) || number.startsWith("555");
  return match !== null && planned && (match[2] !== " " || announced || number.slice(3, 4) !== "0");
}

const SHAPES: ReadonlyArray<[country: string, shape: RegExp, digits: RegExp]> = [
  ["GB", /^(?:5 6|5 3 3|4 3 4|3 4 4|4 6|4 7)$/, /^0[1237]/],
  ["FR", /^2(?<gap>[ .-])2\k<gap>2\k<gap>2\k<gap>2$/, /^0[1-9]/],
  ["DE", /^[3-5][ /-][5-8]$/, /^0[1-9]\d{7}/],
  ["DE", /^[3-5][ /][3-4] [2-4](?: 2)?$/, /^0[1-9]\d{8}/],
  ["AU", /^(?:4 3 3|2 4 4)$/, /^0[2-8]/],
  ["NL", /^(?:2-8|3-7|2 8|3 7)$/, /^0[1-9]/],
  ["CH", /^3 3 2 2$/, /^0[2-9]/],
  ["SE", /^3-(?:3 2 2|7)$/, /^0[1-9]/],
  ["ES", /^3 (?:3 3|2 2 2)$/, /^[67]/],
  ["JP", /^(?:3-4-4|2-4-4)$/, /^0[1-9]/],
  ["BR", /^2\) ?[45]-4$/, /^[1-9]{2}/],
  ["IN", /^5 5$/, /^[6-9]/],
];

/** Countries whose usual way of writing a number this is; undefined when it is nobody's. */
function nationalShape(shape: string, digits: string, countries: readonly string[]): string[] | undefined {
  if (/^1(?: 1){9,}$/.test(shape)) return [...countries];
  const written = shape.replace(/^\(/, "");
  const fitting = SHAPES.filter(
    ([country, form, start]) => countries.includes(country) && form.test(written) && start.test(digits),
  );
  return fitting.length > 0 ? fitting.map(([country]) => country) : undefined;
}

/** Valid by the numbering plan, or possible when the country code says whose it is. */
export function isPhone(digits: string, country?: CountryCode): boolean {
  const number = parsePhoneNumberFromString(digits, country);
  return number !== undefined && (number.isValid() || (country === undefined && number.isPossible()));
}

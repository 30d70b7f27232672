import { luhn } from "./checksums.ts";
import type { Finding } from "./kinds.ts";
import { before, type Run, type Scan } from "./scan.ts";

const CONTEXT =
  /\b(?:cards?|visa|master ?card|amex|american express|discover|diners|maestro|jcb|unionpay|credit|debit|pan|kreditkarte|karte|carte|tarjeta|carta|cart[ãa]o|kaart)\b/i;

/** Groupings that cards are printed in. */
const GROUPINGS = new Set(["16", "15", "4-4-4-4", "4-6-5", "4-6-4", "4-4-4-4-3", "4-4-4-4-2", "4-4-4-4-1"]);

/** Payment cards: brand prefix, length and Luhn; other groupings than the printed ones need a word such as "card". */
export function findCards({ text, runs }: Scan): Finding[] {
  const found: Finding[] = [];
  for (const run of runs) {
    for (let first = 0; first < run.groups.length; first++) {
      const last = cardFrom(text, run, first);
      if (last === undefined) continue;
      found.push({ kind: "card", start: run.groups[first]!.start, end: run.groups[last]!.end });
      first = last;
    }
  }
  return found;
}

/** The group that a card beginning at `first` ends with. */
function cardFrom(text: string, run: Run, first: number): number | undefined {
  let digits = "";
  let found: number | undefined;
  for (let last = first; last < run.groups.length; last++) {
    const gap = run.gaps[last - 1];
    if (last > first && (gap!.length > 1 || gap !== run.gaps[first])) break;
    const group = run.groups[last]!;
    if (digits.length + (group.end - group.start) > 19) break;
    digits += text.slice(group.start, group.end);
    if (digits.length >= 12 && isCard(digits) && isWrittenAsCard(text, run, first, last)) found = last;
  }
  return found;
}

function isWrittenAsCard(text: string, run: Run, first: number, last: number): boolean {
  const sizes = run.groups.slice(first, last + 1).map((group) => group.end - group.start);
  const start = run.groups[first]!.start;
  return GROUPINGS.has(sizes.join("-")) || isSpelled(sizes) || CONTEXT.test(before(text, start, 60));
}

/** Sixteen single digits, as a transcript has them. */
function isSpelled(sizes: number[]): boolean {
  return (sizes.length === 16 || sizes.length === 15) && sizes.every((size) => size === 1);
}

export function isCard(digits: string): boolean {
  return hasBrand(digits) && luhn(digits);
}

function hasBrand(digits: string): boolean {
  const size = digits.length;
  const four = Number(digits.slice(0, 4));
  const two = Math.floor(four / 100);
  const six = Number(digits.slice(0, 6));
  if (digits[0] === "4") return size === 13 || size === 16 || size === 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return size === 16;
  if (two === 34 || two === 37) return size === 15;
  if (four >= 2200 && four <= 2204) return size >= 16;
  if ((four >= 3000 && four <= 3059) || two === 36 || two === 38 || two === 39)
    return size === 14 || size === 16;
  if (four >= 3528 && four <= 3589) return size >= 16;
  if (four === 6011 || two === 65 || (six >= 644000 && six <= 649999)) return size >= 16;
  if (two === 62 || two === 60 || two === 81 || two === 82) return size >= 16;
  return isMaestro(four) && size >= 12;
}

function isMaestro(prefix: number): boolean {
  return [5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763, 6799].includes(prefix);
}

import { isCard } from "./cards.ts";
import type { Finding } from "./kinds.ts";
import { isPhone, PHONE_CONTEXT, PHONE_COUNTRIES } from "./phones.ts";
import { before } from "./scan.ts";

const UNITS: Record<string, string> = {};
const WORDS = [
  "zero oh o nought null nul cero zéro",
  "one eins uno un een",
  "two zwei zwo dos deux due twee",
  "three drei tres trois tre drie",
  "four vier cuatro quatre quattro",
  "five fünf cinco cinq cinque vijf",
  "six sechs seis sei zes",
  "seven sieben siete sept sette zeven",
  "eight acht ocho huit otto",
  "nine neun nueve neuf nove negen",
];
WORDS.forEach((words, digit) => {
  for (const word of words.split(" ")) UNITS[word] = String(digit);
});
const TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" ");
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const REPEATS: Record<string, number> = { double: 2, triple: 3 };

const WORD = [...Object.keys(UNITS), ...TEENS, ...TENS, ...Object.keys(REPEATS)]
  .sort((a, b) => b.length - a.length)
  .join("|");
/** At least five number words or short digit groups in a row, one of the first two a word. */
const SPELLED = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:plus )?(?:(?:${WORD})|\\d{1,4}[ ,.-]{1,3}(?:${WORD}))(?:[ ,.-]{1,3}(?:${WORD}|\\d{1,4})){4,40}(?![\\p{L}\\p{N}])`,
  "giu",
);
/** Cheap to look for: two number words side by side. */
const HINT = new RegExp(`\\b(?:${WORD})[ ,.-]{1,3}(?:${WORD}|\\d)`, "i");
const SSN_CONTEXT = /\b(?:ssn|social security)\b/i;

/** Cards, phone numbers and SSNs read out in words: `oh seven nine double one …`. */
export function findSpokenNumbers(text: string, countries: readonly string[] = PHONE_COUNTRIES): Finding[] {
  if (!HINT.test(text)) return [];
  const found: Finding[] = [];
  for (const match of text.matchAll(SPELLED)) {
    const digits = digitsOf(match[0]);
    if (digits.length < 7) continue;
    const kind = kindOf(digits, before(text, match.index, 64), match[0], countries);
    if (kind) found.push({ kind, start: match.index, end: match.index + match[0].length });
  }
  return found;
}

function kindOf(
  digits: string,
  lead: string,
  spoken: string,
  countries: readonly string[],
): "card" | "phone" | "us_ssn" | undefined {
  if (digits.length >= 12 && isCard(digits)) return "card";
  if (digits.length === 9 && SSN_CONTEXT.test(lead)) return "us_ssn";
  if (digits.length > 15 || isCounting(digits)) return undefined;
  if (PHONE_CONTEXT.test(lead)) return "phone";
  if (/^plus /i.test(spoken)) return isPhone(`+${digits}`) ? "phone" : undefined;
  const likely = digits.startsWith("0") ? countries : countries.filter((country) => country === "US");
  return likely.some((country) => isPhone(digits, country as "US")) ? "phone" : undefined;
}

/** One, two, three, … or back. */
function isCounting(digits: string): boolean {
  return "01234567891011121314".includes(digits) || "109876543210".includes(digits);
}

function digitsOf(spoken: string): string {
  let digits = "";
  let repeat = 1;
  let tens = "";
  for (const word of spoken.toLowerCase().split(/[ ,.-]+/)) {
    if (REPEATS[word] !== undefined) {
      repeat = REPEATS[word];
      continue;
    }
    const ten = TENS.indexOf(word);
    const said = UNITS[word] ?? (/^\d+$/.test(word) ? word : teen(word));
    // "forty two" is 42, "forty" alone 40.
    if (tens && !(said.length === 1 && said !== "0")) digits += `${tens}0`;
    else if (tens) digits += tens;
    tens = ten >= 0 ? String(ten + 2) : "";
    digits += said.repeat(repeat);
    repeat = 1;
  }
  return tens ? `${digits}${tens}0` : digits;
}

function teen(word: string): string {
  const index = TEENS.indexOf(word);
  return index >= 0 ? String(index + 10) : "";
}

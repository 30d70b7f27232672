/** A number or a range, in the base unit of its dimension. */
export type Measure = { low: number; high: number; exact: boolean };

const UNITS: Record<string, { dimension: string; factor: number }> = {};
const define = (dimension: string, factor: number, names: string) => {
  for (const name of names.split(" ")) UNITS[name] = { dimension, factor };
};
define("mass", 1, "kg kgs kilo kilos kilogram kilograms");
define("mass", 0.001, "g gram grams");
define("mass", 0.45359237, "lb lbs pound pounds");
define("mass", 6.35029318, "st stone stones");
define("length", 0.01, "cm centimeter centimeters centimetre centimetres");
define("length", 0.001, "mm millimeter millimeters millimetre millimetres");
define("length", 1, "m meter meters metre metres");
define("length", 1000, "km kilometer kilometers kilometre kilometres");
define("length", 0.3048, "ft foot feet '");
define("length", 0.0254, 'in inch inches "');
define("length", 1609.344, "mi mile miles");
define("time", 60, "min mins minute minutes");
define("time", 3600, "h hr hrs hour hours");
define("time", 86_400, "day days");
define("time", 604_800, "week weeks");
define("data", 1, "mb");
define("data", 1000, "gb");
define("data", 1_000_000, "tb");

export function unitOf(name: string): { dimension: string; factor: number } | undefined {
  return UNITS[name.toLowerCase()];
}

/** Longest first, so that `kg` is not read as `k`. */
export const UNIT_NAMES = Object.keys(UNITS).sort((a, b) => b.length - a.length);

const SMALL =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const WORD = `(?:${[...SMALL.slice(1), ...TENS].sort((a, b) => b.length - a.length).join("|")}|a dozen|a hundred|hundred)`;

/** A number as written or spoken: `1,240.50`, `1.240,50`, `2k`, `twenty-five`, `a dozen`. */
export const NUMBER = `(?:\\d{1,3}(?:[,.' ]\\d{3})+(?:[.,]\\d{1,2})?(?!\\d)|\\d+(?:[.,]\\d+)?)(?:k\\b)?|\\b${WORD}(?:[- ]${WORD})?\\b`;

export function parseNumber(text: string): number {
  const lower = text.toLowerCase();
  if (/\d/.test(lower)) return parseDigits(lower);
  if (lower === "a dozen") return 12;
  let total = 0;
  for (const word of lower.split(/[- ]/)) {
    if (word === "hundred") total = Math.max(total, 1) * 100;
    else if (word !== "a")
      total += SMALL.includes(word) ? SMALL.indexOf(word) : (TENS.indexOf(word) + 2) * 10;
  }
  return total;
}

function parseDigits(text: string): number {
  const thousand = text.endsWith("k") ? 1000 : 1;
  const digits = text.replace(/k$/, "").replace(/[' ]/g, "");
  const last = Math.max(digits.lastIndexOf(","), digits.lastIndexOf("."));
  // One mark before exactly three digits groups thousands; any other last mark is the decimal one.
  const grouped = last >= 0 && /^\d{1,3}([.,]\d{3})+$/.test(digits);
  const plain = grouped
    ? digits.replace(/[.,]/g, "")
    : last < 0
      ? digits
      : `${digits.slice(0, last).replace(/[.,]/g, "")}.${digits.slice(last + 1)}`;
  return Number(plain) * thousand;
}

export const QUALIFIER =
  "(?:(?:about|around|roughly|approximately|approx\\.?|nearly|almost|some|like|circa|ca\\.?|~|more than|over|at least|above|less than|under|below|at most|up to|fewer than|no more than|only|just|exactly) ){0,6}";

/** Turns a spoken number with its qualifier into the range that it claims. */
export function toMeasure(value: number, qualifier: string): Measure {
  const said = qualifier.toLowerCase();
  if (/more than|over|at least|above/.test(said) && !/no more than/.test(said)) {
    return { low: value, high: Number.POSITIVE_INFINITY, exact: false };
  }
  if (/less than|under|below|at most|up to|fewer than|no more than/.test(said)) {
    return { low: Number.NEGATIVE_INFINITY, high: value, exact: false };
  }
  const about = /about|around|roughly|approx|nearly|almost|some|like|circa|ca\.?|~/.test(said);
  const slack = about ? Math.abs(value) * 0.1 : 0;
  return { low: value - slack, high: value + slack, exact: !about };
}

export function within(value: number, measure: Measure, tolerance: number): boolean {
  const slack = Math.abs(value) * tolerance + 1e-9;
  return value >= measure.low - slack && value <= measure.high + slack;
}

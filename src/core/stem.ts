/*
 * Porter's stemmer (https://tartarus.org/martin/PorterStemmer/def.txt): "moving", "moved" and "moves" meet.
 */
const C = "[^aeiou][^aeiouy]*";
const V = "[aeiouy][aeiou]*";
/** At least one vowel-consonant sequence: the rule's m > 0. */
const SOME = new RegExp(`^(${C})?${V}${C}`);
const EXACTLY_ONE = new RegExp(`^(${C})?${V}${C}(${V})?$`);
const MORE_THAN_ONE = new RegExp(`^(${C})?${V}${C}${V}${C}`);
const HAS_VOWEL = new RegExp(`^(${C})?[aeiouy]`);
/** Consonant, vowel, consonant at the end, the last not w, x or y. */
const SHORT = new RegExp(`^${C}[aeiouy][^aeiouwxy]$`);
const DOUBLED = /([^aeiouylsz])\1$/;

const STEP_2 =
  rules(`ational:ate tional:tion enci:ence anci:ance izer:ize bli:ble alli:al entli:ent eli:e ousli:ous
  ization:ize ation:ate ator:ate alism:al iveness:ive fulness:ful ousness:ous aliti:al iviti:ive biliti:ble logi:log`);
const STEP_3 = rules("icate:ic ative: alize:al iciti:ic ical:ic ful: ness:");
const STEP_4 =
  /^(.+?)(al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ou|ism|ate|iti|ous|ive|ize|(?<=[st])ion)$/;

/** Stem of a lower-case English word; what is no such word comes back as it is. */
export function stem(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word;
  const first = word[0] === "y" ? `Y${word.slice(1)}` : word;
  const done = step5(step4(replaceEnding(replaceEnding(step1c(step1b(step1a(first))), STEP_2), STEP_3)));
  return done[0] === "Y" ? `y${done.slice(1)}` : done;
}

function step1a(word: string): string {
  if (word.endsWith("sses") || word.endsWith("ies")) return word.slice(0, -2);
  return word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

function step1b(word: string): string {
  if (word.endsWith("eed")) return SOME.test(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const cut = word.endsWith("ed") ? 2 : word.endsWith("ing") ? 3 : 0;
  const base = word.slice(0, word.length - cut);
  if (cut === 0 || !HAS_VOWEL.test(base)) return word;
  if (/(at|bl|iz)$/.test(base)) return `${base}e`;
  if (DOUBLED.test(base)) return base.slice(0, -1);
  return SHORT.test(base) ? `${base}e` : base;
}

function step1c(word: string): string {
  return word.endsWith("y") && HAS_VOWEL.test(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word;
}

function replaceEnding(word: string, endings: Array<[string, string]>): string {
  const rule = endings.find(([ending]) => word.endsWith(ending));
  if (!rule) return word;
  const base = word.slice(0, word.length - rule[0].length);
  return SOME.test(base) ? base + rule[1] : word;
}

function step4(word: string): string {
  const match = STEP_4.exec(word);
  return match && MORE_THAN_ONE.test(match[1]!) ? match[1]! : word;
}

function step5(word: string): string {
  let out = word;
  if (out.endsWith("e")) {
    const base = out.slice(0, -1);
    if (MORE_THAN_ONE.test(base) || (EXACTLY_ONE.test(base) && !SHORT.test(base))) out = base;
  }
  return out.endsWith("ll") && MORE_THAN_ONE.test(out) ? out.slice(0, -1) : out;
}

/** Longest ending first. */
function rules(list: string): Array<[string, string]> {
  const pairs = list.split(/\s+/).map((pair) => pair.split(":") as [string, string]);
  return pairs.sort(([a], [b]) => b.length - a.length);
}

/**
 * Reads the value out of what followed a pattern; undefined when it is none of its kind.
 * @param lowerCase The text has no capitals at all, so that a name need not have one.
 */
export type ValueOf = (raw: string, lowerCase: boolean) => string | undefined;

/** Where the value ends and the circumstances begin. */
const TRAILER =
  /\s*(?:[,(;]|\s(?:with|because|since|after|before|last|this|yesterday|today|recently|as of|starting|effective|in (?:19|20)\d\d|in (?:january|february|march|april|may|june|july|august|september|october|november|december)|(?:a|an|one|two|three|four|five|six|some|a few|a couple of|several|\d+) (?:days?|weeks?|months?) ago|and|but|so|though|which|who|where|when|while|again|instead|any ?more|any longer|right|these days|nowadays|at the moment|at last|at present|too|as well|for (?:now|good|work|my|the|an?|about|over|years|\d+)|from|thanks to|due to|full.?time|part.?time|over|by|please|if)\b).*$/i;

export function trim(raw: string): string {
  return raw
    .replace(TRAILER, "")
    .replace(/^(?:an?|the)\s+/i, "")
    .replace(/[\s.,!]+$/, "")
    .trim();
}

const WEEKDAY = "monday tuesday wednesday thursday friday saturday sunday";
const MONTH = "january february march april may june july august september october november december";
const NO_PLACE = words(
  `${WEEKDAY} ${MONTH} marketing sales finance engineering product support operations hr it legal design management research linux windows mac macos android ios iphone gmail outlook slack teams zoom notion google chrome firefox safari edge postgres postgresql mysql sqlite mongodb aws azure gcp typescript javascript python rust java react vue svelte github gitlab bitbucket whatsapp telegram signal spotify netflix premium pro basic free plus business enterprise english german french spanish portuguese italian plan fear peace hope harmony person part general`,
);
const NO_EMPLOYER = words(
  "home night nights myself himself herself themselves least once work school church facebook instagram twitter linkedin discord slack reddit tiktok netflix spotify zoom whatsapp telegram",
);

/** A place or an organisation begins with a capital. */
function proper(raw: string, excluded: Set<string>, lowerCase: boolean): string | undefined {
  const value = trim(raw);
  if (/^(?:my|your|his|her|our|their|this|that|an?|the|another|same|different|new|old)\b/.test(raw)) {
    return undefined;
  }
  const all = value.split(/\s+/);
  if (value === "" || all.length > 4 || excluded.has(all[0]!.toLowerCase())) return undefined;
  if (/^\p{Lu}/u.test(value)) return value.toLowerCase();
  const plain = lowerCase && all.length <= 2 && /^\p{Ll}+( \p{Ll}+)?$/u.test(value) && !value.endsWith("ing");
  return plain ? value : undefined;
}

export const place: ValueOf = (raw, lowerCase) => {
  // "Berlin and London": two homes, none of which replaces another.
  if (/^\p{L}+ and \p{Lu}/u.test(raw)) return undefined;
  return proper(raw.replace(/^the (?=\p{Lu})/u, ""), NO_PLACE, lowerCase);
};

export const employer: ValueOf = (raw, lowerCase) => {
  if (/^\p{L}+ and \p{Lu}/u.test(raw)) return undefined;
  return proper(raw.replace(/ (?:as|doing|on|in) .+$/i, ""), NO_EMPLOYER, lowerCase);
};

/** A person's or an animal's name. */
export const name: ValueOf = (raw) => {
  const value = trim(raw);
  if (!/^\p{Lu}[\p{L}'.-]*(?: \p{Lu}[\p{L}'.-]*){0,3}$/u.test(value)) return undefined;
  return NO_PLACE.has(value.toLowerCase()) ? undefined : value.toLowerCase();
};

/** A name that also counts when heard in lower case: after "my name is". */
export const saidName: ValueOf = (raw) => {
  const value = trim(raw);
  const heard = /^\p{Ll}{2,}(?: \p{Ll}{2,})?$/u.test(value) && !NO_HEARD_NAME.test(value);
  return name(raw, false) ?? (heard ? value : undefined);
};

const NO_HEARD_NAME =
  /(?:ing|ed|elt)$|^(?:on|in|not|wrong|correct|fine|ok|okay|hard|easy|long|short|private|important|back|out)\b/;

export const phrase: ValueOf = (raw) => {
  const value = trim(raw).toLowerCase();
  return value === "" || value.split(" ").length > 5 || value.includes("[") ? undefined : value;
};

export const address: ValueOf = (raw) => {
  const value = raw.replace(/[\s.!]+$/, "").toLowerCase();
  return /\d/.test(value) && value.length <= 120 && !value.includes("[") ? value : undefined;
};

export const email: ValueOf = (raw) => /[^\s<>@,]+@[^\s<>@,]+\.[a-z]{2,}/i.exec(raw)?.[0].toLowerCase();

export const phone: ValueOf = (raw) => {
  const digits = /\+?\d[\d\s().-]{4,}\d/.exec(raw)?.[0].replaceAll(/[^\d+]/g, "");
  return digits !== undefined && digits.length >= 6 ? digits : undefined;
};

const NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split(" ");

export const count: ValueOf = (raw) => {
  const word = trim(raw).toLowerCase();
  if (/^\d+$/.test(word)) return word;
  const at = NUMBERS.indexOf(word);
  return at > 0 ? String(at) : word === "no" ? "0" : undefined;
};

/** A measure: number first, unit after. */
export const measure: ValueOf = (raw) =>
  /^(?:size )?(\d+(?:[.,]\d+)?(?: ?\p{L}{1,6})?)\b/u.exec(raw.trim())?.[1]?.toLowerCase();

export const whole: ValueOf = (raw) => (raw === "" || raw.includes("[") ? undefined : raw.toLowerCase());

/** A date or a time of day: it names a weekday, a month or a number. */
export const date: ValueOf = (raw) => {
  const value = raw.toLowerCase();
  return DATED.test(value) && value.length <= 60 ? value : undefined;
};

const DATED = new RegExp(`\\d|\\b(?:${WEEKDAY} ${MONTH}`.replaceAll(" ", "|") + ")\\b");

/** A house in a street. */
export const street: ValueOf = (raw) => (STREET.test(raw) ? address(raw, false) : undefined);

const STREET =
  /\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|way|court|square|place|apartment|apt|flat|rue|via|calle|rua|avenida|plaza|platz|weg|allee|str)\b|stra(?:ß|ss)e\b/i;

/** What is liked or not tolerated: one thing of at most three words. */
export const object: ValueOf = (raw) => {
  const value = trim(raw).toLowerCase();
  if (value === "" || value.split(" ").length > 3 || /[,"]| (?:and|or|than|more|to) /.test(` ${raw} `))
    return undefined;
  return /^(?:it|that|this|them|him|her|you|my|your|how|what|when|the way)\b/.test(value) ? undefined : value;
};

/** `joined Acme`, but not `joined Anna for lunch` or `joined the call`. */
export const joined: ValueOf = (raw, lowerCase) =>
  / (?:for|on|at|in the|over) /.test(raw) ? undefined : employer(raw, lowerCase);

/** One of a closed list, written `canonical=synonym=synonym`, alone up to circumstances. */
export function oneOf(list: string): ValueOf {
  const canonical = new Map<string, string>();
  for (const entry of list.split(",")) {
    const [first = "", ...others] = entry.trim().split("=");
    for (const word of [first, ...others]) canonical.set(word, first);
  }
  return (raw) => canonical.get(trim(raw).toLowerCase());
}

function words(list: string): Set<string> {
  return new Set(list.split(" "));
}

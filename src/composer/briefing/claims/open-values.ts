import type { Attribute } from "../../types.ts";

/** Where the words of a place or a name end and the rest of the sentence begins. */
const CUT =
  /\s+(?:and|but|or|so|as|since|for|with|without|because|when|while|if|though|now|again|these days|at (?:the moment|present|night|least|a|the|home)|by the way|which|where|who|that|from|to|until|till|before|after|during|last|this|next|every|too|instead|anymore|any more|currently|already|permanently|right now|right|in (?:the|a|an|my|our|january|february|march|april|may|june|july|august|september|october|november|december|\d{4}|[A-Z]\w+)|near|on)\b.*$/i;
const CUT_OF = /\s+(?:of|by|about)\b.*$/i;
/** Names whose value is one by nature: "my profession is architect", but "my job is stressful". */
const TITLED = /(?:title|profession|occupation|insurer|provider|name|brand|model|make)$/i;

const DETERMINER =
  /^(?:my|our|your|his|her|their|its|the|this|that|these|those|some|any|no|every|each|another|one|there|here)\b/i;
const ARTICLE = /^(?:a|an) /i;
const NOT_A_NAME =
  /^(?:in|on|at|to|for|from|of|with|by|out|up|off|not|very|too|so|really|quite|pretty|rather|more|less|always|never|still|as|like|all|just|good|bad|fine|ok|okay|great|new|old|being|going|getting|about|around|alone|together|here|there|home|somewhere|nowhere|everywhere|abroad|how|what|where|wrong|correct|right|same)\b/i;

/** What people call a thing without saying which. */
const NO_VALUE =
  /^(?:team|part|whole|group|pair|couple|nightmare|mess|joke|disaster|pain|dream|lot|bit|challenge|must|pity|shame|wreck|rental|mystery|problem|secret|scam|rip-?off)\b|\b(?:wreck|nightmare|mess|joke|disaster)$/i;
const PROPER = /[\p{Lu}\d]/u;

export type OpenForm = {
  shape: "verb" | "name" | "label" | "value";
  /** The attribute's name, as it was said. */
  name?: string;
  /** Whether the memory uses capitals at all. */
  cased: boolean;
  /** Whether the record is a name ("Volvo V60"), so that "a taxi" is no other value of it. */
  proper: boolean;
};

export function isProperName(record: string): boolean {
  return /^[\p{Lu}\d]\S*(?: [\p{Lu}\d]\S*)+$/u.test(record);
}

/**
 * The value that an open phrase ("live in …", "work as …") names, or undefined when what follows is no name:
 * "in fear of", "as hard as I can", "is broken".
 */
export function openValue(text: string, attribute: Attribute, form: OpenForm): string | undefined {
  const place = attribute.type === "place";
  const rest = place ? text.replace(CUT, "").replace(CUT_OF, "") : text.replace(CUT, "");
  const cut = rest.replace(/[\s.:]+$/, "").trim();
  if (cut === "" || NOT_A_NAME.test(cut) || DETERMINER.test(cut)) return undefined;
  if (place) return ARTICLE.test(cut) || (form.cased && !PROPER.test(cut)) ? undefined : cut;
  const value = cut.replace(ARTICLE, "");
  if (NO_VALUE.test(value) || attribute.names.some((name) => endsWith(value, name))) return undefined;
  if (form.cased && form.proper && !PROPER.test(value)) return undefined;
  // "My job is stressful" is no job; "my job is driving instructor" and "my occupation is architect" are.
  const certain = PROPER.test(value) || ARTICLE.test(cut) || value.includes(" ");
  const titled = form.name !== undefined && TITLED.test(form.name);
  return certain || titled || form.shape === "label" || (!form.cased && form.shape === "verb")
    ? value
    : undefined;
}

function endsWith(value: string, name: string): boolean {
  const lower = value.toLowerCase();
  return lower === name || lower.endsWith(` ${name}`);
}

/** Countries and the like, in English: "I live in Germany" says nothing against "City: Hamburg". */
const OTHER_REGIONS =
  "europe asia africa america england scotland wales uk usa us states britain holland town countryside suburbs";
let regions: Set<string> | undefined;

export function isRegion(name: string): boolean {
  regions ??= new Set([...OTHER_REGIONS.split(" "), ...countries()]);
  return regions.has(name.toLowerCase().replace(/^the /, ""));
}

function countries(): string[] {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  return codes.flatMap((code) => names.of(code)?.toLowerCase() ?? []);
}

const SAME_WORDS: Record<string, string> = {
  street: "st",
  str: "st",
  road: "rd",
  avenue: "ave",
  lane: "ln",
  drive: "dr",
  square: "sq",
  boulevard: "blvd",
  saint: "st",
  strasse: "st",
  straße: "st",
};

/** Words of a name, without articles, case, marks and common abbreviations. */
export function wordsOf(text: string): string[] {
  const words =
    text
      .toLowerCase()
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .match(/[\p{L}\d]+/gu) ?? [];
  return words.filter((word) => !/^(?:the|a|an|of)$/.test(word)).map((word) => SAME_WORDS[word] ?? word);
}

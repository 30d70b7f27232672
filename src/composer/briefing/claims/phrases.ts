import type { Attribute } from "../../types.ts";
import { escapeRegex } from "./subject.ts";
import { MARK } from "./values.ts";
import { conjugate, type Verb } from "./verbs.ts";

/**
 * A form in which a value is stated. `verb`: "live in {value}", after its subject. `name`: "plan is {value}",
 * after its owner. `label`: "Plan: {value}". `value`: "{value} is my plan".
 */
export type Pattern = {
  shape: "verb" | "name" | "label" | "value";
  regex: RegExp;
  verb?: Verb;
  /** One of these words must occur: the regular expressions are costly, most clauses fit none. */
  needs?: string[];
  /** The phrase says "me" ("call me on {value}"): it needs no subject. */
  toMe: boolean;
  /** The value stands at the end, so what follows it must not belong to it ("single room"). */
  endsInValue: boolean;
  /** The name is asked to be the start of its clause, because no verb links it: "my parcel arrived". */
  bare: boolean;
  /** One of the attribute's names as the last words before the verb: "my contract | renews on …". */
  nameAtEnd?: RegExp;
};

/** Before a word; cheaper than a Unicode look-behind, which costs milliseconds to compile. */
const START = "(?<![^\\s,;:\"'(+~\\uE001-])";

const ADVERB =
  "not|never|no longer|still|currently|now|just|only|actually|already|also|really|basically|presently|officially|always|usually|even|happily|finally|recently|being|been|got|set to|listed as|registered as|recorded as|down as|called|with|down to";
const DETERMINER =
  "a|an|the|my|our|your|their|his|her|own|new|current|full|whole|same|default|normal|regular|main";
const PREPOSITION = "on|in|at|by|for|from|until|till|due|scheduled|booked|planned|the|around|about";

const CHOICE_VERBS =
  "be on|be in|be under|be with|be|have|use|pay for|own|subscribe to|sign up for|sign up to|enroll in|enrol in|switch to|upgrade to|downgrade to|move to|change to|choose|pick|get|go for|go with|take|follow|keep|hold|stay on|remain on|reach";
const COUNT_VERBS = "have|own|get|hold|use|pay for|manage|keep|include";

/** The phrases that go without saying for a type of attribute. */
function defaults({ type }: Attribute): string[] {
  const change = [
    "change {name} to {value}",
    "update {name} to {value}",
    "set {name} to {value}",
    "switch {name} to {value}",
  ];
  const have = ["have {name} as {value}", "have {name} of {value}", "get {name} of {value}"];
  if (type === "choice")
    return [...change, ...have, ...CHOICE_VERBS.split("|").map((verb) => `${verb} {value} {name}`)];
  if (type === "number") {
    const grow = ["increase", "reduce", "raise", "lower", "extend"].map(
      (verb) => `${verb} {name} to {value}`,
    );
    return [...change, ...have, ...grow, ...COUNT_VERBS.split("|").map((verb) => `${verb} {value} {name}`)];
  }
  if (type === "date")
    return [...change, "have {name} on {value}", "get {name} on {value}", "move {name} to {value}"];
  return [...change, ...have];
}

const compiled = new WeakMap<Attribute, Pattern[]>();

/** The patterns of an attribute; compiled once. */
export function patternsOf(attribute: Attribute): Pattern[] {
  const known = compiled.get(attribute);
  if (known) return known;
  const phrases = [
    ...new Set([...attribute.phrases.map((phrase) => complete(phrase, attribute)), ...defaults(attribute)]),
  ];
  const names = attribute.names.length > 0;
  const patterns = [
    ...phrases
      .filter((phrase) => names || !phrase.includes("{name}"))
      .map((phrase) =>
        phrase.startsWith("{name}") ? namePhrase(phrase, attribute) : verbPattern(phrase, attribute),
      ),
    ...(names ? namePatterns(attribute) : []),
  ];
  compiled.set(attribute, patterns);
  return patterns;
}

/** A count needs what it counts: "have {value}" means "have {value} {name}". */
function complete(phrase: string, { type, unit }: Attribute): string {
  const count = type === "number" && unit === undefined && !phrase.includes("{name}");
  return count ? phrase.replace("{value}", "{value} {name}") : phrase;
}

function verbPattern(phrase: string, attribute: Attribute): Pattern {
  const [first, ...rest] = phrase.split(" ");
  const verb = conjugate(first!);
  const source = `${START}${verbForms(verb)}${tail(rest, attribute)}`;
  const nameAtEnd = new RegExp(`${START}${nameOf(attribute)} $`, "i");
  return pattern("verb", source, phrase, { verb, ...(attribute.names.length > 0 && { nameAtEnd }) });
}

function namePhrase(phrase: string, attribute: Attribute): Pattern {
  const [, first, ...rest] = phrase.split(" ");
  const verb = conjugate(first!);
  const source = `${START}${nameOf(attribute)} ${aux}${verbForms(verb)}${tail(rest, attribute)}`;
  return pattern("name", source, phrase, { verb });
}

const aux = `(?<aux>(?:(?:${ADVERB}|is|are|was|were|has|have|had|will|does|do|did|be) ){0,6})`;

function namePatterns(attribute: Attribute): Pattern[] {
  const name = `${START}${nameOf(attribute)}`;
  const value = valuePattern(attribute);
  const be = conjugate("be");
  const patterns = [
    pattern("name", `${name} ${aux}${verbForms(be)}${gap(attribute)}${value}`, "{value}", { verb: be }),
    pattern("label", `${name} ?[:=] ?${gapless(attribute)}${value}`, "{value}", {}),
  ];
  if (attribute.type !== "text" && attribute.type !== "place") {
    patterns.push(
      pattern(
        "value",
        `^(?:(?:and|but|so) )?${value} (?<verb>is|are) (?<owner>${filler(true)})${nameOf(attribute)}`,
        "",
        {},
      ),
    );
  }
  if (attribute.type === "phone") {
    const end = conjugate("end");
    patterns.push(
      pattern("name", `${name} ${aux}${verbForms(end)} (?:in|with|on) ${value}`, "{value}", { verb: end }),
    );
  }
  if (attribute.event) {
    patterns.push(
      pattern(
        "name",
        `${name} (?<aux>(?:(?:${ADVERB}|has|have|had|will|do|does|did) ){0,6})${value}`,
        "{value}",
        { bare: true },
      ),
    );
  }
  return patterns;
}

function pattern(
  shape: Pattern["shape"],
  source: string,
  phrase: string,
  extra: Partial<Pick<Pattern, "verb" | "bare" | "nameAtEnd">>,
): Pattern {
  return {
    shape,
    regex: new RegExp(`${source}(?!\\w)`, "gi"),
    toMe: / me /.test(phrase),
    endsInValue: phrase.endsWith("{value}"),
    bare: extra.bare ?? false,
    ...(extra.verb && { verb: extra.verb, needs: formsOf(extra.verb) }),
    ...(extra.nameAtEnd && { nameAtEnd: extra.nameAtEnd }),
  };
}

function verbForms(verb: Verb): string {
  return `(?<verb>${formsOf(verb).join("|")})`;
}

function formsOf({ present, past, ing }: Verb): string[] {
  return [...present, ...past, ...ing];
}

function nameOf({ names }: Attribute): string {
  const longest = [...names].sort((a, b) => b.length - a.length);
  return `(?<name>${longest.map((name) => `${escapeRegex(name)}s?`).join("|")})`;
}

function valuePattern({ type }: Attribute): string {
  return type === "text" || type === "place" ? '(?<value>[^\\s,;!?"()][^,;!?"()]*)' : MARK;
}

/** What may stand between two words of a phrase. An open value keeps its article: it tells a name from a state. */
function filler(determiners: boolean): string {
  return `(?:(?:${determiners ? `${ADVERB}|${DETERMINER}|(?:the )?(?:customer|user|caller|client|patient|guest|member)'s` : ADVERB}) ){0,6}`;
}

function gap(attribute: Attribute): string {
  return ` ${gapless(attribute)}`;
}

function gapless(attribute: Attribute): string {
  const open = attribute.type === "text" || attribute.type === "place";
  const prepositions =
    attribute.type === "date"
      ? `(?:(?:${PREPOSITION}) ){0,6}`
      : attribute.type === "place"
        ? "(?:(?:at|in) )?"
        : "";
  return `${filler(!open)}${prepositions}`;
}

function tail(words: string[], attribute: Attribute): string {
  return words
    .map((word, index) => {
      if (word === "{value}") return `${gap(attribute)}${valuePattern(attribute)}`;
      if (word === "{name}") return ` ${filler(true)}${nameOf(attribute)}`;
      // Before a date one preposition is as good as another.
      const loose =
        attribute.type === "date" && words[index + 1] === "{value}" && /^(?:on|in|at|for)$/.test(word);
      if (loose) return "";
      const from = word === "to" ? "(?:from (?:\\uE000\\d+\\uE001|[^ ]+) )?" : "";
      return ` ${filler(true)}${from}${escapeRegex(word)}`;
    })
    .join("");
}

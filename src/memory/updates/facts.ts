import { type Clause, clausesOf } from "./clauses.ts";
import { ATTRIBUTES, type Attribute } from "./slots.ts";

/** What a short text states about one attribute of one person. */
export type Fact = {
  /** `anna/residence`: subject and attribute. */
  slot: string;
  value: string;
  /** States that the value does not, or no longer, hold. */
  negated: boolean;
  /** May replace another value: always, or only because the text says that something changed. */
  replaces: boolean;
  /** The text says nothing besides. */
  alone: boolean;
};

const QUALIFIER =
  "(?<k>(?:(?:work|home|office|mobile|private|personal|business|shipping|billing|postal|mailing|delivery|contact|current) )?)";
const COMPILED = ATTRIBUTES.map((attribute) => ({ attribute, patterns: attribute.says.map(compile) }));

/**
 * The attributes that a text states, by the table in `slots.ts`; empty for what is not plainly a statement.
 * @param self Lower-case name of whoever says "I"; undefined when that is a machine.
 */
export function recogniseFacts(text: string, self: string | undefined): Fact[] {
  const facts = new Map<string, Fact>();
  for (const clause of clausesOf(text, self)) {
    for (const fact of factsOf(clause)) if (!facts.has(fact.slot)) facts.set(fact.slot, fact);
  }
  return [...facts.values()];
}

/** True when both cannot hold at once, so that the newer one replaces the older. */
export function contradicts(newer: Fact, older: Fact): boolean {
  if (newer.slot !== older.slot || !newer.replaces) return false;
  if (newer.negated && older.negated) return false;
  if (newer.negated || older.negated) return newer.value === older.value;
  return !refines(newer.value, older.value);
}

/** True when both state the very same and nothing else. */
export function restates(newer: Fact, older: Fact): boolean {
  const same = newer.slot === older.slot && newer.value === older.value && newer.negated === older.negated;
  return same && newer.alone && older.alone;
}

/** "Berlin" and "Berlin Mitte": the same value, told more or less exactly. */
function refines(a: string, b: string): boolean {
  const [short, long] = [words(a), words(b)].sort((x, y) => x.length - y.length) as [string[], string[]];
  return short.every((word) => long.includes(word));
}

function words(value: string): string[] {
  return value.split(/[\s,]+/).filter((word) => word !== "");
}

function factsOf(clause: Clause): Fact[] {
  const upToComma = clause.says.replace(/\s*,.*$/, "");
  const found = match(clause);
  if (found || upToComma === clause.says) return found ? [found] : [];
  const shorter = match({ ...clause, says: upToComma });
  return shorter ? [shorter] : [];
}

function match(clause: Clause): Fact | undefined {
  for (const { attribute, patterns } of COMPILED) {
    if (clause.household && !attribute.household) continue;
    for (const pattern of patterns) {
      const groups = pattern.exec(clause.says)?.groups;
      const fact = groups && read(clause, attribute, groups);
      if (fact) return fact;
    }
  }
  return undefined;
}

function read(clause: Clause, attribute: Attribute, groups: Record<string, string>): Fact | undefined {
  const value = attribute.value(groups.v ?? "", clause.lowerCase);
  // "I have not left Acme" is no statement of a change.
  if (value === undefined || (clause.negated && attribute.opposite)) return undefined;
  const key = attribute.each
    ? `${attribute.key}:${value}`
    : attribute.key.replace("K", keyWord(attribute, groups, value));
  return {
    slot: `${clause.subject}/${key}`,
    value: attribute.each ? "yes" : value,
    negated: clause.negated || attribute.opposite === true,
    replaces: clause.change || attribute.loose !== true,
    alone: clause.alone,
  };
}

function keyWord(attribute: Attribute, groups: Record<string, string>, value: string): string {
  const word = (groups.k ?? "").trim().toLowerCase().replaceAll("colour", "color");
  // Which of two is preferred: the pair is the attribute.
  if (attribute.key.startsWith("prefers")) return [value, word].sort().join("|");
  return word === "mobile" || word === "current" ? "" : word.replace(/(?<=[^s])s$/, "");
}

function compile(says: string): RegExp {
  const source = says
    .replace("Q", QUALIFIER)
    .replace(/\bV\b/, "(?<v>.+?)")
    .replace(/\bK\b/, "(?<k>\\p{L}+(?: \\p{L}+)?)");
  return new RegExp(`^(?:${source})$`, "iu");
}

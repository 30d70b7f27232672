import type { Attribute } from "../../types.ts";
import { type Clause, clausesOf } from "./clauses.ts";
import { isProperName, type OpenForm, openValue } from "./open-values.ts";
import { type Pattern, patternsOf } from "./phrases.ts";
import {
  type About,
  lastPerson,
  namesOther,
  namesSomebody,
  type SubjectPatterns,
  subjectPatterns,
} from "./subject.ts";
import { type Said, tagValues } from "./values.ts";
import { isChange } from "./verbs.ts";

/** What a memory says about an attribute of the person, now. */
export type Statement = { said: Said; negated: boolean };

export type Utterance = {
  text: string;
  speaker?: string;
  occurredAt: number;
  /** What the person is called in notes: "Anna lives in Berlin". */
  names: string[];
};

/** What carries over from clause to clause: whom "she" and an absent subject mean. */
type Thread = { person: About; subject: About /** Nobody was named yet. */; assumed: boolean };

/**
 * Finds the statements about one attribute. Questions, wishes, conditions, the past and other people's affairs
 * are none. Rules for English; about 20 µs a sentence.
 */
export function statementsOf(utterance: Utterance, attribute: Attribute, record: string): Statement[] {
  const statements: Statement[] = [];
  const form = { cased: /\p{Lu}/u.test(utterance.text), proper: isProperName(record) };
  // A note about a call ("She lives in Munich") is about the person whose memory it is in.
  const note = utterance.speaker === undefined && !/\b(?:i|me|my|we|our)\b/i.test(utterance.text);
  const pronouns = /\b(?:he|she|they|his|her|their)\b/i.test(utterance.text);
  const thread: Thread = { person: note ? "person" : "unknown", subject: "unknown", assumed: true };
  for (const clause of clausesOf(utterance.text, utterance.speaker, utterance.names)) {
    const subjects = subjectPatterns(clause.speaker, utterance.names);
    if (!clause.inherits) thread.subject = "unknown";
    if (!clause.question) {
      const tagged = tagValues(clause.text, attribute, record, utterance.occurredAt);
      for (const { pattern, match } of matches(tagged.text, attribute)) {
        const found = {
          pattern,
          match,
          clause,
          subjects,
          thread,
          text: tagged.text,
          at: utterance.occurredAt,
        };
        const negated = readStatement(found, attribute);
        const said = negated === undefined ? undefined : valueFrom(found, tagged.values, attribute, form);
        if (said) statements.push({ said, negated: negated! });
      }
    }
    const person = pronouns ? personAfter(clause.text, subjects, note) : undefined;
    if (person) Object.assign(thread, { person, assumed: false });
    thread.subject = startsWithPerson(clause) ? "person" : thread.subject;
  }
  return statements;
}

function personAfter(clause: string, subjects: SubjectPatterns, note: boolean): About | undefined {
  return lastPerson(clause, subjects) ?? (note && namesSomebody(clause) ? "unknown" : undefined);
}

function* matches(
  text: string,
  attribute: Attribute,
): Generator<{ pattern: Pattern; match: RegExpExecArray }> {
  const words = new Set(text.toLowerCase().match(/[a-z]+/g));
  for (const pattern of patternsOf(attribute)) {
    if (pattern.needs && !pattern.needs.some((word) => words.has(word))) continue;
    for (const match of text.matchAll(pattern.regex)) yield { pattern, match };
  }
}

type Found = {
  pattern: Pattern;
  match: RegExpExecArray;
  clause: Clause;
  subjects: SubjectPatterns;
  thread: Thread;
  /** The clause with its values marked, and when it was said. */
  text: string;
  at: number;
};

const HEDGED =
  /\b(?:if|unless|whether|in case|suppose|supposing|imagine|pretend(?:ing)?|wish(?:es|ed)?|hop(?:e|es|ed|ing)|until|before|maybe|perhaps|possibly|supposedly|would|could|might|as if|when(?:ever)?|once|rumou?rs?|dream(?:s|ed|t)?|thought|(?:was|were|been) told|soon|tomorrow|next (?:week|month|year)|you (?:say|said|claim|think|wrote))\b/i;
/** It holds at times, or in part, or is about the call itself. */
const PARTIAL =
  /\b(?:usually|normally|often|sometimes|generally|mostly|occasionally|partly|on the (?:phone|line)|on hold)\b/i;
const PARTIAL_AFTER =
  /^ (?:only|just|once|extra|at times|at work|during|on weekends?|on (?:mon|tues|wednes|thurs|fri|satur|sun)days)\b/i;

/** Whether the match states something of the person now: then whether it is denied, else undefined. */
function readStatement(found: Found, attribute: Attribute): boolean | undefined {
  const { pattern, match, text } = found;
  const before = text.slice(0, match.index);
  const after = text.slice(match.index + match[0].length);
  if (isHedged(before, after, text, attribute)) return undefined;
  const helper = `${auxiliaries(before)}${match.groups?.["aux"] ?? ""}`;
  if (isLongAgo(match, after, found.at)) return undefined;
  if (!holdsNow(pattern, match.groups?.["verb"]?.toLowerCase(), helper, attribute, after)) return undefined;
  if (!isAboutPerson(found, before, attribute)) return undefined;
  if (!endsCleanly(pattern, after, attribute)) return undefined;
  return NEGATION.test(`${helper} ${match[0]}`) || /\b(?:do|does|did) not (?:think|believe)\b/i.test(before);
}

function isHedged(before: string, after: string, text: string, { type }: Attribute): boolean {
  // "Next month" is what a date says and what everything else does not say yet.
  const hedge = HEDGED.exec(before)?.[0];
  if (hedge && !(type === "date" && /^(?:soon|tomorrow|next)/i.test(hedge))) return true;
  if (/^[^,]*\b(?:if|unless)\b/i.test(after) || PARTIAL.test(text)) return true;
  if (PARTIAL_AFTER.test(after)) return true;
  return type === "amount" && /^ for (?:the|my|a|an) (?!whole|lot)/i.test(after);
}

/** "I moved to Berlin in 2012" tells of then. */
function isLongAgo(match: RegExpExecArray, after: string, at: number): boolean {
  const year = /\bin ((?:19|20)\d\d)\b/.exec(match[0] + after)?.[1];
  return year !== undefined && Number(year) < new Date(at).getUTCFullYear() - 1 && !/\bsince\b/.test(after);
}

const NEGATION = /\b(?:not|never|no longer)\b/i;
/** "users without a password": not all of them are counted. */
const RESTRICTED =
  /^ (?:without|who|that|which|with|in the|in my|for the|here|on the waiting|left over|more|per)\b/i;
const AUXILIARIES =
  /(?:(?:am|is|are|have|has|had|was|were|do|does|did|not|never|no longer|still|currently|now|just|already|also|only|actually|really|basically|presently|officially|finally|recently|always|usually|normally|definitely|even|both|all|will|been|being|would|could|should|might|may|must|can) ){0,6}$/i;

function auxiliaries(before: string): string {
  return AUXILIARIES.exec(before)![0].toLowerCase();
}

function holdsNow(
  pattern: Pattern,
  verb: string | undefined,
  helper: string,
  attribute: Attribute,
  after: string,
): boolean {
  if (/\b(?:would|could|should|might|may|must)\b/.test(helper)) return false;
  if (/\bwill\b/.test(helper) && attribute.type !== "date") return false;
  if (/\bhad\b/.test(helper) && !attribute.event) return false;
  if (pattern.bare)
    return (
      helper.trim() !== "" || /^(?: (?:this|today|yesterday|on|at|in|already|now|safely)\b|$)/.test(after)
    );
  if (verb === undefined || !pattern.verb || pattern.toMe) return true;
  const { present, past, ing, base } = pattern.verb;
  const perfect = /\b(?:have|has)\b/.test(helper) && !/^ ?before\b/i.test(after.trimStart());
  if (ing.includes(verb) && !present.includes(verb)) {
    if (/\b(?:was|were)\b/.test(helper)) return false;
    return /\b(?:am|is|are|been)\b/.test(helper) && (!isChange(base) || attribute.type === "date");
  }
  if (verb === "been") return perfect;
  if (past.includes(verb))
    return perfect || isChange(base) || attribute.event === true || attribute.type === "date";
  return !isChange(base) || attribute.type === "date" || perfect || helper.includes("did");
}

const CONJUNCTION = /(?:^|[\s,])(?:and|but|or|then|so)[, ]*$/i;
const OPENING =
  /^(?:(?:and|but|so|also|well|now|ok|okay|yes|no|hi|hello|note|update|fyi|by the way|actually|currently|still|please|just|you can|best|always|simply|today)[,:]? ){0,4}$/i;

function isAboutPerson(
  { pattern, match, clause, subjects, thread }: Found,
  before: string,
  attribute: Attribute,
): boolean {
  if (pattern.shape === "value") return isOwn(match.groups?.["owner"] ?? "", clause);
  if (pattern.shape === "verb")
    return isSubject({ pattern, match, clause, subjects, thread }, before, attribute);
  const owned = subjects.owner.test(before) || (clause.speaker === "person" && subjects.article.test(before));
  if (!owned) return pronounIs(subjects, thread, before);
  if (pattern.shape === "label") return before.trim() === "" || subjects.owner.test(before);
  return !pattern.bare || /^(?:.*,)? ?(?:my|our|your|the|this|[\w ]+'s?)? ?$/i.test(before);
}

function isSubject(
  { pattern, match, clause, subjects, thread }: Omit<Found, "text" | "at">,
  before: string,
  { type }: Attribute,
): boolean {
  if (pattern.toMe) return clause.speaker === "person" && !namesOther(before);
  // A company has the plan that its people have, but not their address.
  if (type !== "place" && type !== "text" && subjects.group.test(before)) return true;
  if (subjects.person.test(before) || pronounIs(subjects, thread, before)) return true;
  const bare = before.slice(0, before.length - auxiliaries(before).length);
  if (clause.speaker === "agent" && /\byour\b/i.test(match[0])) return true;
  if (OPENING.test(bare)) {
    if (clause.inherits) return thread.subject === "person";
    return (
      clause.speaker === "person" && /^(?:is|has|\w+[^s]s)$/i.test(match.groups!["verb"]!) && bare === ""
    );
  }
  if (CONJUNCTION.test(bare)) return startsWithPerson(clause);
  return ownsSubject(pattern, subjects, clause, bare);
}

/** "my contract renews on …": what is named belongs to the person and is the attribute's own. */
function ownsSubject(pattern: Pattern, subjects: SubjectPatterns, clause: Clause, bare: string): boolean {
  const name = pattern.nameAtEnd?.exec(bare);
  if (!name) return false;
  const owner = bare.slice(0, name.index);
  return subjects.owner.test(owner) || (clause.speaker === "person" && subjects.article.test(owner));
}

function pronounIs(subjects: SubjectPatterns, thread: Thread, before: string): boolean {
  if (!subjects.pronoun.test(before)) return false;
  const named = lastPerson(before, subjects);
  // "They" without somebody before it may be anybody.
  if (named === undefined && thread.assumed && /\b(?:they|their) /i.test(before)) return false;
  return (named ?? thread.person) === "person";
}

function isOwn(owner: string, { speaker }: Clause): boolean {
  return speaker === "agent" ? /\byour\b/i.test(owner) : /\b(?:my|our|\w+'s)\b/i.test(owner);
}

function startsWithPerson({ text, speaker }: Clause): boolean {
  if (speaker === "agent") return /^(?:and |but |so )?you\b/i.test(text);
  return /^(?:[\w ]{0,20}, )?(?:and |but |so )?(?:i|we)\b/i.test(text);
}

const AFTER_CHOICE =
  /^(?: (?:status|level|plan|account|person|one))?(?:[,:;.)"]|$| (?:and|but|or|with|for|since|now|at|in|to|from|because|so|as|by|on|these|this|last|when|while|who|which|has|have|too|again|already|currently|actually|any ?more|any longer|yet|until|after|before|instead|today|yesterday|though|only|right|please|thanks)\b)/i;
const AFTER_MEASURE =
  /^(?:[,:;.)"]|$| (?:and|but|now|at the|tall|heavy|these|currently|in height|in weight|today|since|with|without shoes|left|in my|on my|per|a|every|monthly|as|right)\b)/i;

/** What follows must not belong to the value or the name: "single room", "20 m from here", "free plan page". */
function endsCleanly(pattern: Pattern, after: string, { type, unit }: Attribute): boolean {
  if (type === "choice") {
    const about =
      pattern.shape === "verb" &&
      pattern.endsInValue &&
      / for (?:the|this|my|a|an) \w/i.test(after.slice(0, 16));
    return AFTER_CHOICE.test(after) && !about;
  }
  if (!pattern.endsInValue) return !RESTRICTED.test(after);
  return type !== "number" || unit === undefined || AFTER_MEASURE.test(after);
}

function valueFrom(
  found: Found,
  values: Said[],
  attribute: Attribute,
  form: Pick<OpenForm, "cased" | "proper">,
): Said | undefined {
  const { mark, value, verb } = found.match.groups ?? {};
  if (mark !== undefined) {
    const said = values[Number(mark)]!;
    if (said.kind === "phone" && said.value.length < 6 && !/^end/i.test(verb ?? "")) return undefined;
    const past = verb !== undefined && (found.pattern.verb?.past.includes(verb.toLowerCase()) ?? false);
    return said.kind === "date" ? { ...said, past } : said;
  }
  if (value === undefined) return undefined;
  const { shape } = found.pattern;
  const name = found.match.groups?.["name"];
  const text = openValue(value, attribute, { shape, ...form, ...(name !== undefined && { name }) });
  return text === undefined ? undefined : { kind: "text", value: text };
}

import { sentences } from "../retain/sentences.ts";
import { subjectName } from "./subject.ts";

/** One statement about someone, in a form that the table of `slots.ts` can be read against. */
export type Clause = {
  /** Lower-case name; `we` for the household of whoever speaks. */
  subject: string;
  household: boolean;
  /**
   * What is said: `lives in Lisbon`, or `'s plan be free` for a possession. Forms of "to be" are `be`,
   * adverbs and auxiliaries are gone, names keep their capitals.
   */
  says: string;
  negated: boolean;
  /** Says in words that something changed: now, moved, no longer … */
  change: boolean;
  /** Typed or heard without any capitals, so that names have none either. */
  lowerCase: boolean;
  /** The text holds nothing else. */
  alone: boolean;
};

const LONGEST = 400;
const MOST_SENTENCES = 4;

/** The sentence does not state a fact of its speaker: a question, a condition, hearsay, a quotation. */
const NO_STATEMENT =
  /\?|["“”«»]|\b(?:if|unless|whether|imagine|pretend|suppose|assume|let's say|for example|wonder|jok(?:e|ing)|kidding|sa(?:id|ys)|t(?:old|ells)|heard|claims?|claimed|rumou?r|thinks|thought|believes?|character|novel|movie|story|dream(?:s|t|ed)?)\b/i;
/** The clause is a wish, a plan, a guess, the past, or something that passes. */
const NOT_YET =
  /\b(?:would|might|maybe|perhaps|possibly|probably|could|should|wish|hop(?:e|es|ing)|wants?|wanted|wanna|going to|gonna|planning|(?<!\b(?:my|our|the|'s) )plans? (?:to|on)|thinking|consider(?:s|ing|ed)?|about to|will|won't|shall|used to|almost|nearly|someday|one day|until|till|temporar(?:y|ily)|visit(?:s|ing|ed)?|vacation|holidays?|trip|tr(?:y|ies|ying|ied) to|looking|as an? (?:kid|child|student|teen\w*|boy|girl)|years? ago|back (?:in (?:the|19|20)|then|when)|originally|previously|formerly|the day|at the time|by accident|for (?:the|an?|this|next|one|two|three|a few|\d+) (?:\w+ )?(?:days?|weeks?|weekends?|months?|summer|winter|spring|autumn|fall|semester|year|project|conference|meeting)|every (?:day|week|month|year|summer|winter)|sometimes|often|usually|half|both|between|moving|next (?:week|month|year|spring|summer|autumn|fall|winter)|tomorrow|soon|in my (?:head|mind|dreams?)|(?:was|were)(?! (?:changed|updated|switched|upgraded|downgraded|rescheduled|promoted))|had)\b|'d\b|'ll\b/i;
/** Not the month. */
const MAY = /\bmay\b/;

const LEAD =
  /^(?:(?:hi|hello|hey|oh|ok(?:ay)?|yes|yeah|yep|no|nope|well|so|and|but|also|now|sorry|correction|update|fyi|btw|by the way|actually|as of (?:today|now)|since (?:last|this) \w+|(?:last|this) (?:week|month|year|spring|summer|autumn|fall|winter)|recently|today|yesterday|these days|nowadays|currently|finally|meanwhile|great news|good news|big news|anyway|please note(?: that)?|just so you know|for the record|it's true that)\b[\s,:;!.…-]*)+/i;
const ADVERB =
  /\b(?:now|just|currently|recently|finally|already|actually|really|officially|permanently|also|still|always|happily|proudly|truly|again|lately|completely|totally|long|since then)\b\s*/gi;
const CHANGE =
  /\b(?:now|nowadays|these days|no longer|any ?more|any longer|again|instead|changed?|switched|moved|relocated|upgraded|downgraded|updated|became|become|turned|joined|started|stopped|quit|gave up|went|new|latest|promoted|renamed|as of|recently|finally)\b/i;
/** Capitalised at the start of a sentence, but nobody's name. */
const NO_NAME = new Set(
  "the this that these those there here it its he she they you your we our us my mine his her their who what when where why how a an all some any no not yes and but or so as at by for from in of on to with please thanks today tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday everyone everybody someone somebody nobody people working living let if sounds looks feels seems smells tastes besides".split(
    " ",
  ),
);

/** The statements of a short text; a long one is a story, whose parts no single attribute stands for. */
export function clausesOf(text: string, self: string | undefined): Clause[] {
  if (text.length > LONGEST) return [];
  const parts = sentences(text.replaceAll(/[’‘]/g, "'")).map((part) => part.trim());
  if (parts.length > MOST_SENTENCES) return [];
  const spoken = parts
    .filter((part) => !NO_STATEMENT.test(part))
    .flatMap((part) => part.replace(/[\s.!…]+$/, "").split(BORDER))
    .map((part) => part.replace(LEAD, "").trim());
  return spoken
    .filter((part) => part !== "" && !NOT_YET.test(part) && !MAY.test(part))
    .flatMap((part) =>
      readings(part, self).map((clause) => ({ ...clause, alone: parts.length === 1 && spoken.length === 1 })),
    );
}

const ELLIPSIS =
  /^(?:(?:just |now |finally |recently |already )?(?:upgraded|downgraded|switched|moved|relocated|changed|updated|joined|quit|stopped|started|became|went back|got (?:married|divorced|engaged|promoted)))\s/i;

/** Where a new statement begins inside a sentence. */
const BORDER =
  /[;:]\s+|\s+[–—-]\s+|,?\s+(?:and|but|so|because|although|though|while|whereas)\s+(?=(?:i|i'm|i've|my|we|we're|we've|our)\b)|,\s+(?=(?:i|i'm|i've|my|we|we're|we've|our)\b)/i;

function readings(part: string, self: string | undefined): Array<Omit<Clause, "alone">> {
  const change = CHANGE.test(part);
  const lowerCase = part === part.toLowerCase();
  return subjects(part, self).flatMap(({ subject, household, rest }) => {
    const { says, negated } = predicate(rest);
    return [{ subject, household, says, negated, change, lowerCase }];
  });
}

function subjects(
  part: string,
  self: string | undefined,
): Array<{ subject: string; household: boolean; rest: string }> {
  const own = /^(i|we)(?:'(?:m|ve|re))?\s|^(my|our)\s/i.exec(part);
  if (own) {
    if (self === undefined) return [];
    const household = /^(?:we|our)\b/i.test(part);
    const rest = part
      .replace(/^(?:my|our)\s/i, "'s ")
      .replace(/^i'm\s/i, "am ")
      .replace(/^we're\s/i, "are ")
      .replace(/^(?:i've|we've)\s/i, "have ")
      .replace(/^(?:i|we)\s/i, "");
    return [{ subject: self, household, rest }];
  }
  // "Upgraded to pro": in chat the "I" goes without saying.
  if (ELLIPSIS.test(part))
    return self === undefined
      ? []
      : [{ subject: self, household: false, rest: part.replace(/^\w/, (first) => first.toLowerCase()) }];
  const user = /^(?:the )?user('s)?\s+(.+)$/i.exec(part);
  if (user && self !== undefined) return both(self, user[1], user[2] ?? "");
  const name = /^(\p{Lu}[\p{L}-]+(?: \p{Lu}[\p{L}-]+)?)('s)?\s+(.+)$/u.exec(part);
  if (!name || NO_NAME.has((name[1] ?? "").split(" ")[0]!.toLowerCase())) return [];
  return both(subjectName(name[1] ?? ""), name[2], name[3] ?? "");
}

/** "Anna's plan is free" and "Anna's vegetarian" look alike: both readings are tried. */
function both(subject: string, apostrophe: string | undefined, rest: string) {
  const base = { subject, household: false };
  if (apostrophe === undefined) return [{ ...base, rest }];
  return [
    { ...base, rest: `'s ${rest}` },
    { ...base, rest: `is ${rest}` },
  ];
}

/** The verb itself is negated. */
const NEGATED =
  /^(?:(?:am|is|are|do|does|did|have|has|can|still|really|currently|actually|just|now|also|lives?|works?|eats?|drinks?|smokes?) ){0,3}(?:not|no longer|never)\b|^'s .*\b(?:is|are|has|have|does|do) (?:not|no longer|never)\b/i;

/** "have been living" → "be living", "changed my plan to pro" → "'s plan be pro". */
function predicate(rest: string): { says: string; negated: boolean } {
  let says = rest
    .replaceAll(/\b(can|do|does|did|is|are|have|has)n't\b/gi, "$1 not")
    .replaceAll(/\b(?:don't|doesn't)\b/gi, "do not");
  const negated = NEGATED.test(says);
  // "Berlin, not Munich" states Berlin.
  if (!negated) says = says.replace(/,?\s+(?:and |but )?(?:not|no longer|never)\b.*$/i, "");
  says = says
    .replaceAll(/\b(?:do|does|did) not\b|\b(?:not|no longer|never)\b/gi, " ")
    .replaceAll(ADVERB, " ")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/\b(?:have|has) been\b/i, "be")
    .replace(/^(?:have|has) (?=\w+(?:ed|en|ne|ot|ft|it|nt)\b)/i, "")
    .replace(/\b(?:am|is|are)\b/i, "be")
    .replace(
      /^(?:changed|updated|switched|upgraded|downgraded|moved) (?:my|our|his|her|their|the) (.+?) (?:from .+? )?to (.+)$/i,
      "'s $1 be $2",
    )
    .replace(
      /^'s (.+?) (?:(?:has|have|was|be|got|been) )*(?:changed|updated|switched|upgraded|downgraded|moved|set|rescheduled|renamed|become|became) (?:from .+? )?(?:to )?(.+)$/i,
      "'s $1 be $2",
    )
    .replace(/^'s (?:new|current|latest|own) /i, "'s ");
  return { says, negated };
}

import type { Clause } from "./clauses.ts";

/** Whom the words before a statement make it about. */
export type About = "person" | "other" | "unknown";

const ADJECTIVE =
  "(?:(?:own|new|current|next|present|personal|private|main|primary|full|work|home|preferred|registered|actual|correct|updated|upcoming|monthly|annual|yearly|latest) ){0,6}";
const AUXILIARY =
  "(?:(?:am|is|are|have|has|do|does|not|never|no longer|still|currently|now|just|already|also|only|actually|really|basically|presently|officially|finally|recently|always|usually|normally|at present|by now|definitely|even|both|all|will|been|being|had|was|were|did) ){0,6}";
const ROLE =
  "(?:the |this |our )?(?:user|customer|caller|client|patient|guest|member|subscriber|passenger|account holder|student|buyer|visitor|resident|tenant|employee|person|account)";

const GROUP = "(?:company|team|business|firm|organi[sz]ation|household)";

/** Regular expressions for the end of what stands before a statement, for one set of names. */
export type SubjectPatterns = {
  /** Ends with the person as the subject of the verb. */
  person: RegExp;
  /** Ends with the person's company or team as the subject. */
  group: RegExp;
  /** Ends with the person as the owner of what follows. */
  owner: RegExp;
  /** Ends with an article: what the memory speaks of is the person's, as the bank is. */
  article: RegExp;
  pronoun: RegExp;
  /** Names the person in the third person. */
  named: RegExp;
};

const cache = new WeakMap<string[], Map<Clause["speaker"], SubjectPatterns>>();

/** Made once for one array of names and speaker. */
export function subjectPatterns(speaker: Clause["speaker"], names: string[]): SubjectPatterns {
  const bySpeaker = cache.get(names) ?? new Map<Clause["speaker"], SubjectPatterns>();
  cache.set(names, bySpeaker);
  const patterns = bySpeaker.get(speaker) ?? makePatterns(speaker, names);
  bySpeaker.set(speaker, patterns);
  return patterns;
}

function makePatterns(speaker: Clause["speaker"], names: string[]): SubjectPatterns {
  const named = names.length > 0 ? `|${names.map(escapeRegex).join("|")}` : "";
  const self = speaker === "person" ? "i|we" : speaker === "agent" ? "you" : "\\uE0FF";
  const own = speaker === "person" ? "my|our" : speaker === "agent" ? "your" : "\\uE0FF";
  const end = `${AUXILIARY}$`;
  return {
    person: new RegExp(`(?:^|[\\s,"(])(?:${self}|${ROLE}${named}) ${end}`, "i"),
    group: new RegExp(`(?:^|[\\s,"(])(?:${own}) ${GROUP} ${end}`, "i"),
    owner: new RegExp(`(?:^|[\\s,"(])(?:${own}|(?:${ROLE}${named})'s?) ${ADJECTIVE}$`, "i"),
    article: new RegExp(
      `^(?:(?:and|but|so|also|well|now|please note that|note that|note),? ){0,4}(?:the |this )?${ADJECTIVE}$`,
      "i",
    ),
    pronoun: new RegExp(`(?:^|[\\s,"(])(he|she|they|his|her|their) (?:${ADJECTIVE}|${AUXILIARY})$`, "i"),
    named: new RegExp(`\\b(?:${[ROLE, ...names.map(escapeRegex)].join("|")})\\b`, "i"),
  };
}

const OTHERS =
  "brother|sister|sibling|wife|husband|spouse|partner|girlfriend|boyfriend|fianc[eé]e?|mother|father|mum|mom|dad|parents?|son|daughter|kids?|child(?:ren)?|baby|aunt|uncle|cousin|niece|nephew|grand(?:mother|father|ma|pa|son|daughter|parents)|friends?|buddy|mate|roommate|flatmate|housemate|neighbou?rs?|colleagues?|co-?workers?|boss|manager|employer|employees?|landlord|landlady|doctor|dentist|lawyer|accountant|teacher|tenants?|assistant|ex|in-laws|family|dog|cat|pet|team ?mate|client|customer";
const OTHER = new RegExp(
  `\\b(?:my|our|his|her|their|your|a|an|one of my|some) (?:\\w+ )?(?:${OTHERS})\\b`,
  "i",
);
const NAME =
  /(?:^|\s)(\p{Lu}\p{Ll}+)(?:'s)?(?= (?:is|was|has|lives|works|said|told|called|moved|switched)\b)/u;

/** Who "he" or "she" is after this clause, if it says. */
export function lastPerson(clause: string, patterns: SubjectPatterns): About | undefined {
  if (OTHER.test(clause)) return "other";
  if (patterns.named.test(clause)) return "person";
  const name = NAME.exec(clause)?.[1];
  if (name && !/^(?:The|This|That|It|He|She|They|We|You|My|Our|There|What)$/.test(name)) return "other";
  return patterns.person.test(clause) ? "person" : undefined;
}

/** A name that is not the first word: somebody whom "she" may mean. */
export function namesSomebody(clause: string): boolean {
  return /(?<=[^.!?:]\s)\p{Lu}\p{Ll}+/u.test(clause);
}

/** `OTHER` on its own: a third party that the clause names. */
export function namesOther(text: string): boolean {
  return OTHER.test(text);
}

export function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

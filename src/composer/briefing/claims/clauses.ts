/** One clause of a memory: who speaks is resolved to what "I" and "you" mean in it. */
export type Clause = {
  text: string;
  /** The subject at its start when it has none of its own: "I live here and | work as a nurse". */
  inherits: boolean;
  /** A question, direct or reported: it states nothing. */
  question: boolean;
  /** What "I" is: the person, or somebody else who speaks. */
  speaker: "person" | "agent" | "other";
};

/** Nobody says a longer one; bounds the work that a hostile text can cause. */
const MAX_CLAUSE = 400;

const CONTRACTIONS: Array<[RegExp, string]> = [
  [/\bwon't\b/gi, "will not"],
  [/\bcan't\b/gi, "can not"],
  [/n't\b/gi, " not"],
  [/\b(i)'m\b/gi, "$1 am"],
  [/'re\b/gi, " are"],
  [/'ve\b/gi, " have"],
  [/'ll\b/gi, " will"],
  [/\b(i|you|he|she|it|we|they)'d\b/gi, "$1 would"],
  [/\b(he|she|it|that|there|what|who|where|how)'s\b/gi, "$1 is"],
];

/** Plain apostrophes, no contractions, single spaces. */
export function normalise(text: string): string {
  let out = text.replace(/[\u2018\u2019\u02bc]/g, "'").replace(/[\u201c\u201d]/g, '"');
  for (const [pattern, full] of CONTRACTIONS) out = out.replace(pattern, full);
  return out.replace(/[ \t]+/g, " ").trim();
}

const AGENT = /^(?:agent|assistant|ai|bot|system|avatar|replica|persona|model)(?::|$)/i;
const PERSON =
  /^(?:(?:the )?(?:user|customer|caller|client|human|person|patient|guest|member|subscriber|passenger|student|buyer|visitor)|i|me)$/i;

/** Whose words they are; a memory without a speaker is taken as the person's own or a note about them. */
export function speakerOf(speaker: string | undefined, names: string[]): Clause["speaker"] {
  if (speaker === undefined || PERSON.test(speaker)) return "person";
  if (AGENT.test(speaker)) return "agent";
  const bare = speaker.replace(/^user:/, "").toLowerCase();
  return names.some((name) => name.toLowerCase() === bare) ? "person" : "other";
}

/** Splits into sentences and those into clauses; "Agent: …" at the start of a line says who speaks. */
export function clausesOf(text: string, speaker: string | undefined, names: string[]): Clause[] {
  return text.split(/\n+/).flatMap((line) => {
    const label = /^\s*([\p{L}][\p{L} _-]{0,20}):\s+(?=\S)/u.exec(line);
    const labelled = label && isSpeaker(label[1]!, names);
    const who = speakerOf(labelled ? label[1]! : speaker, names);
    return sentencesOf(normalise(labelled ? line.slice(label[0].length) : line)).flatMap((sentence) =>
      splitSentence(sentence, who),
    );
  });
}

function isSpeaker(label: string, names: string[]): boolean {
  return (
    AGENT.test(label) ||
    PERSON.test(label) ||
    names.some((name) => name.toLowerCase() === label.toLowerCase())
  );
}

/** A point ends a sentence before a space and a new start, not within "a.b@c.de" or after "Dr.". */
function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[!?;])\s+|(?<=(?<!\b(?:Dr|Mr|Mrs|Ms|St|No|approx|e\.g|i\.e))\.)\s+/)
    .filter((sentence) => sentence !== "");
}

const ASKING =
  /\b(?:ask(?:s|ed|ing)? (?:if|whether|what|when|where|how|which|who|about)|wonder(?:s|ed|ing)?|wants? to know|wanted to know|not sure|unsure|(?:do|does|did) not know|inquired|enquired|curious)\b/i;
/** "what is my plan" as speech recognition writes it. */
const ASKED_FIRST =
  /^(?:(?:and|but|so|well|ok|hi|hello|also),? ){0,4}(?:what|when|where|which|who|whose|why|how)\b/i;
const INVERTED =
  /^(?:(?:and|but|so|well|ok|hi|hello|also),? ){0,4}(?:is|are|am|was|were|do|does|did|has|have|can|could|should|would|will|may|might|shall) (?:i|you|he|she|it|we|they|my|your|the|our|there|this|that|[A-Z])/i;

/** What stood before it is not so. */
const DENIED =
  /\b(?:that|which|this|it) is (?:wrong|not true|not right|not correct|incorrect|a mistake|outdated)\b/i;

const BREAK =
  /[,;:] (?=(?:and|but|so|because|while|although|though|which|who|or|no)\b|(?:i|we|he|she|they|it|you|my|our|his|her|their|your|the|this)\b)| - | \u2013 |, (?=not\b)| (?=(?:but|although|though|because|whereas|while|so that|until|before|unless|if) )| (?=and (?:i|we|he|she|they|it|you|my|our|his|her|their|your|the)\b)/i;

function splitSentence(sentence: string, speaker: Clause["speaker"]): Clause[] {
  const question =
    DENIED.test(sentence) || sentence.endsWith("?") || INVERTED.test(sentence) || ASKED_FIRST.test(sentence);
  let asking = question;
  return sentence
    .replace(/[.!?;]+$/, "")
    .split(BREAK)
    .map((whole, index) => {
      const part = whole.slice(0, MAX_CLAUSE);
      // What follows "asked whether" is asked too, until a new main clause.
      if (ASKING.test(part)) asking = true;
      else if (/^(?:but|so|because|and (?:i|we|my|our)\b)/i.test(part.trim())) asking = question;
      return { text: part.trim(), inherits: index > 0, question: asking, speaker };
    })
    .filter(({ text }) => text !== "");
}

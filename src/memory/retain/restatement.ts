import { sha256 } from "../../core/secrets.ts";

const CONTRACTIONS: Array<[RegExp, string]> = [
  [/\bcan't\b/g, "can not"],
  [/\bwon't\b/g, "will not"],
  [/n't\b/g, " not"],
  [/\bi'm\b/g, "i am"],
  [/\b(i|you|we|they)'ve\b/g, "$1 have"],
  [/\b(i|you|he|she|we|they|it)'ll\b/g, "$1 will"],
  [/\b(you|we|they)'re\b/g, "$1 are"],
  [/\bcannot\b/g, "can not"],
];

/** Words without which a sentence states the same fact. Tense, negation, prepositions and names all stay. */
const FILLERS = new Set("a an the really very actually just also oh um uh hmm well please".split(" "));

/**
 * What two statements of the same fact have in common: case, punctuation, contractions, articles and fillers
 * are gone, everything that could change the meaning is kept, in its order.
 */
export function restatementKey(text: string): string {
  let plain = text.normalize("NFKC").toLowerCase().replaceAll(/[’‘]/g, "'");
  for (const [pattern, full] of CONTRACTIONS) plain = plain.replaceAll(pattern, full);
  // A question is another statement than its answer; inner dots and signs carry numbers, addresses, "C++".
  const words = plain
    .replaceAll(/\?+/g, " ? ")
    .replaceAll(/[.,:;!…]+(?=\s|$)|["“”«»()]|(?<=\s|^)[-–—]+(?=\s|$)/gu, " ")
    .split(/\s+/)
    .filter((word) => word !== "");
  const meaning = words.filter((word) => !FILLERS.has(word));
  return (meaning.length > 0 ? meaning : words).join(" ");
}

/** Identity of a memory: `scope` holds everything that keeps equal texts apart, such as speaker and tags. */
export function memoryHash(text: string, scope: string[]): string {
  return sha256(JSON.stringify([...scope, restatementKey(text)]));
}

import { sentences } from "../retain/sentences.ts";

export type CitedAnswer = {
  /** The answer without citations of sources that do not exist. */
  text: string;
  /** Numbers of the cited sources, in order of appearance. */
  cited: number[];
  /** Share of its sentences that cite a source. */
  confidence: number;
};

/** `[1]`, `[1, 2]`, `[1-3]`, and the brackets that some models write instead. */
const CITATION = /\s?[[【](\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)(?:†[^\]】]*)?[\]】]/g;

/** Reads the citations of an answer; those that are not among `sources` (1 to n) are dropped. */
export function readCitations(answer: string, sources: number): CitedAnswer {
  const cited = new Set<number>();
  const text = answer.trim().replace(CITATION, (whole, list: string) => {
    const numbers = expand(list).filter((number) => number >= 1 && number <= sources);
    for (const number of numbers) cited.add(number);
    const space = /^\s/.test(whole) ? " " : "";
    return numbers.length > 0 ? `${space}[${numbers.join(", ")}]` : "";
  });
  return { text, cited: [...cited], confidence: shareCited(text) };
}

function expand(list: string): number[] {
  return list.split(/[,;]/).flatMap((part) => {
    const [from = 0, to = from] = part.split(/[–-]/).map(Number);
    return Array.from({ length: Math.max(0, Math.min(to - from, 50)) + 1 }, (_, i) => from + i);
  });
}

/** A citation behind the full stop belongs to the sentence before it. */
function shareCited(text: string): number {
  const joined = text.replace(/([.!?])\s*(\[[\d, ]+\])/g, " $2$1");
  const told = sentences(joined).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
  const cited = told.filter((sentence) => /\[\d/.test(sentence));
  return told.length === 0 ? 0 : Math.round((100 * cited.length) / told.length) / 100;
}

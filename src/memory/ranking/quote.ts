import { analyse } from "../../core/text.ts";
import { sentences } from "../retain/sentences.ts";
import type { MemoryHit } from "../types.ts";

export type Quote = { hit: MemoryHit; text: string; score: number };

/** What a sentence's share of the question's words adds to the rank of its memory. */
const WORDS = 0.5;
/** Below this share of the best one a sentence is left out. */
const NEAR_BEST = 0.6;
const LONGEST = 300;

/** The sentences that answer best, one a memory, in the order of their rank; at most `limit`. */
export function quoteBest(question: string, hits: MemoryHit[], limit: number): Quote[] {
  const asked = new Set(analyse(question));
  const quotes = hits
    .filter(({ flags }) => flags.length === 0)
    .map((hit) => bestSentence(hit, asked))
    .sort((a, b) => b.score - a.score);
  return quotes.filter(({ score }) => score >= NEAR_BEST * quotes[0]!.score).slice(0, limit);
}

function bestSentence(hit: MemoryHit, asked: Set<string>): Quote {
  const scored = sentences(hit.text)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "")
    .map((text) => ({ hit, text: shorten(text), score: hit.score + WORDS * share(asked, text) }));
  const told = scored.filter(({ text }) => !text.endsWith("?"));
  const [first = { hit, text: shorten(hit.text), score: hit.score }, ...rest] =
    told.length > 0 ? told : scored;
  return rest.reduce((best, next) => (next.score > best.score ? next : best), first);
}

/** The share of the question's informative words that the texts hold. */
export function covered(question: string, texts: string[]): number {
  return share(new Set(analyse(question)), texts.join("\n"));
}

function share(asked: Set<string>, text: string): number {
  if (asked.size === 0) return 0;
  const words = new Set(analyse(text));
  return [...asked].filter((word) => words.has(word)).length / asked.size;
}

function shorten(text: string): string {
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, text.lastIndexOf(" ", LONGEST))}…`;
}

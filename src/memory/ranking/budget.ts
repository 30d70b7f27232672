import { countTokens } from "../../core/tokens.ts";
import { sentences } from "../retain/sentences.ts";
import type { MemoryHit } from "../types.ts";

const TITLE = 120;

/** Keeps the hits that fit into `maxTokens` together, best first and whole; `cut` counts the rest. */
export function withinBudget(
  hits: MemoryHit[],
  maxTokens: number | undefined,
): { hits: MemoryHit[]; cut: number } {
  // No token is shorter than a byte: short answers need no tokenizer.
  const bytes = hits.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (maxTokens === undefined || bytes <= maxTokens) return { hits, cut: 0 };
  let left = maxTokens;
  const kept = hits.filter((hit) => {
    const tokens = countTokens(hit.text);
    if (tokens > left) return false;
    left -= tokens;
    return true;
  });
  return { hits: kept, cut: hits.length - kept.length };
}

/** The first sentence of a text, in at most 120 characters. */
export function title(text: string): string {
  const first = (sentences(text.slice(0, TITLE * 4))[0] ?? text).trim();
  if (first.length <= TITLE) return first;
  const cut = first.slice(0, TITLE - 1);
  const space = cut.lastIndexOf(" ");
  return `${(space > TITLE / 2 ? cut.slice(0, space) : cut).trimEnd()}…`;
}

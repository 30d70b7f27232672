import { analyse } from "../../core/text.ts";
import type { Briefing } from "../types.ts";

/** Share of an utterance's content words that must stand in one line of the briefing to call it a repetition. */
const REPETITION = 0.8;
/** Fewer content words than this say nothing that could be news. */
const MIN_TERMS = 3;

/** How an answer without a model begins: the rest of it is quoted (see `brain/extractive.ts`). */
export const NO_MODEL = "No language model is set up, so I can only quote what I know.";

/** True when the agent's words are those of a greeting, a memory or a fact that it was given: no news. */
export function repeatsBriefing(text: string, briefing: Briefing | undefined): boolean {
  if (text.startsWith(NO_MODEL) || NO_MODEL.startsWith(text)) return true;
  const spoken = new Set(analyse(text));
  if (!briefing || spoken.size < MIN_TERMS) return false;
  const texts = [briefing.greeting ?? "", ...briefing.lines.map((line) => line.text)];
  return texts.some((text) => {
    const given = new Set(analyse(text));
    let shared = 0;
    for (const term of spoken) if (given.has(term)) shared++;
    return shared / spoken.size >= REPETITION;
  });
}

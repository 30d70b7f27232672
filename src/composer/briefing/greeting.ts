import type { Persona } from "../types.ts";
import type { Fact } from "./precedence.ts";
import { plain, wordValue } from "./wording.ts";

const PLACEHOLDER = /\{\{\s*([\w.]+)\s*\}\}/g;
/** A greeting holds names and dates; a longer value was never meant to be spoken. */
const MAX_VALUE = 80;

type Greets = Pick<Persona, "greeting" | "fallbackGreeting" | "language" | "briefing">;

/**
 * Fills the greeting from open fields. It is spoken word for word, so a line with a placeholder that nothing
 * fills is dropped, and when none is left the fallback is said, or nothing.
 */
export function fillGreeting(persona: Greets, facts: Fact[]): string | undefined {
  const lines = (persona.greeting ?? "").split("\n").flatMap((line) => fillLine(line, persona, facts) ?? []);
  const text = plain(lines.join("\n"));
  return text === "" ? persona.fallbackGreeting : text;
}

function fillLine(line: string, persona: Greets, facts: Fact[]): string | undefined {
  let complete = true;
  const filled = line.replace(PLACEHOLDER, (_all, name: string) => {
    const fact = facts.find(
      (candidate) =>
        candidate.sensitivity === "open" &&
        (candidate.name === name || `${candidate.source}.${candidate.name}` === name),
    );
    const value = fact && wordValue(fact, persona.language, persona.briefing.timeZone);
    if (value === undefined || value === "" || value.length > MAX_VALUE) complete = false;
    return value ?? "";
  });
  return complete && filled.trim() !== "" ? filled.trim() : undefined;
}

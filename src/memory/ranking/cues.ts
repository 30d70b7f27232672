import { tokenise } from "../../core/text.ts";
import { type TimeSpan, timeSpan, wantsLatest } from "./time.ts";

/** What a question's words say about when, and about whom. */
export type Cues = { words: Set<string>; time?: TimeSpan; latest: boolean };

const ME = ["i", "my", "me", "mine", "we", "our"];
const YOU = ["you", "your"];
/** Speakers that "I" and "you" mean when a person asks. */
const PERSON = new Set(["user", "human", "customer", "caller", "client"]);
const MACHINE = new Set(["assistant", "agent", "bot", "ai", "replica", "avatar"]);

export function readCues(question: string, now: number): Cues {
  const time = timeSpan(question, now);
  return { words: new Set(tokenise(question)), latest: wantsLatest(question), ...(time && { time }) };
}

/**
 * The speaker among `speakers` whom the question is about: the only one whom it names. "What did Caroline
 * research?" is Caroline's to answer. Undefined when it names none or several.
 */
export function speakerAsked(cues: Cues, speakers: Iterable<string>): string | undefined {
  const named = [...speakers].filter((speaker) => isNamed(speaker, cues.words));
  return named.length === 1 ? named[0] : undefined;
}

function isNamed(speaker: string, asked: Set<string>): boolean {
  const name = tokenise(speaker);
  const role = name.join(" ");
  if (asked.has(role)) return true;
  if (PERSON.has(role)) return ME.some((word) => asked.has(word));
  if (MACHINE.has(role)) return YOU.some((word) => asked.has(word));
  return name.some((part) => part.length > 1 && asked.has(part));
}

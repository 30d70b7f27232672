import { tokenise } from "../../core/text.ts";
import { isMachine, isNamed } from "../updates/subject.ts";
import { type TimeSpan, timeSpan, wantsLatest } from "./time.ts";

/** What a question's words say about when, and about whom. */
export type Cues = { words: Set<string>; time?: TimeSpan; latest: boolean };

/** Words by which a person who asks means the user, and the assistant. */
const ME = ["i", "my", "me", "mine", "we", "our"];
const YOU = ["you", "your"];

export function readCues(question: string, now: number): Cues {
  const time = timeSpan(question, now);
  return { words: new Set(tokenise(question)), latest: wantsLatest(question), ...(time && { time }) };
}

/**
 * The speaker among `speakers` whom the question is about: the only one whom it names. "What did Caroline
 * research?" is Caroline's to answer. Undefined when it names none or several.
 */
export function speakerAsked(cues: Cues, speakers: Iterable<string>): string | undefined {
  const named = [...speakers].filter((speaker) => isAskedFor(speaker, cues.words));
  return named.length === 1 ? named[0] : undefined;
}

function isAskedFor(speaker: string, asked: Set<string>): boolean {
  const name = tokenise(speaker);
  if (asked.has(name.join(" "))) return true;
  if (isMachine(speaker)) return YOU.some((word) => asked.has(word));
  if (!isNamed(speaker)) return ME.some((word) => asked.has(word));
  return name.some((part) => part.length > 1 && asked.has(part));
}

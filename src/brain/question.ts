import { spokenWords } from "./boilerplate.ts";
import { type ChatMessage, textOf } from "./request.ts";

/** Turns looked back at, and characters taken of each: enough to know what "the other one" is. */
const LOOK_BACK = 12;
const MAX_EARLIER = 240;
const MAX_QUESTION = 1_000;

/** Up to this many words, a question hardly ever names its subject. */
const SHORT = 3;
/** Up to this many, one that begins or points like a follow-up is taken for one. */
const FOLLOW_UP = 9;

const OPENER =
  /^(?:and|but|or|so|then|also|what about|how about|why|und|aber|oder|et|mais|ou|y|pero|o|e|ma|mas)(?=[\s,?!.]|$)/i;
/** Words that point at something said before. */
const POINTER =
  /(?:^|\s)(?:it|its|that|this|those|these|they|them|their|he|him|his|she|her|hers|there|then|one|ones|other|another|same|former|latter|else|again|das|es|dies|ihn|ihm|ihr|andere[nrs]?|dort|ça|celui|celle|lui|elle|autre|eso|esa|ese|otr[oa]|isso|outr[oa]|quello|quella|altr[oa])(?=[\s,?!.']|$)/i;

type Utterance = { person: boolean; text: string };

/**
 * What the person wants to know now, as a query for memory. A short follow-up ("and the other one?") is joined
 * with the turns that it leans on; messages of one turn are taken together. Empty when nobody spoke.
 */
export function liveQuestion(messages: ChatMessage[]): string {
  const turns = lastTurns(messages);
  const latest = turns.findLastIndex(({ person }) => person);
  if (latest < 0) return "";
  const question = turns[latest]!.text.slice(-MAX_QUESTION);
  return leansOnEarlier(question) ? [...earlier(turns.slice(0, latest)), question].join("\n") : question;
}

/** What user and assistant said, oldest first; consecutive messages of one side are one turn. */
function lastTurns(messages: ChatMessage[]): Utterance[] {
  const turns: Utterance[] = [];
  for (const message of messages.slice(-LOOK_BACK)) {
    if (message.role !== "user" && message.role !== "assistant") continue;
    const text = spokenWords(textOf(message));
    if (text === "") continue;
    const person = message.role === "user";
    const last = turns.at(-1);
    if (last?.person === person) last.text += ` ${text}`;
    else turns.push({ person, text });
  }
  return turns;
}

function leansOnEarlier(text: string): boolean {
  const words = text.split(" ").length;
  // Scripts without spaces: a word is about two characters.
  const size = Math.max(
    words,
    Math.ceil((text.match(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/gu)?.length ?? 0) / 2),
  );
  return size <= SHORT || (size <= FOLLOW_UP && (OPENER.test(text) || POINTER.test(text)));
}

/** The person's turns back to one that stands on its own, and the reply in between. */
function earlier(turns: Utterance[]): string[] {
  const own = turns.findLastIndex(({ person, text }) => person && !leansOnEarlier(text));
  return turns.slice(Math.max(own, turns.length - 4, 0)).map(({ text }) => text.slice(-MAX_EARLIER));
}

/*
 * What vendors and frameworks put into the messages besides what was said: none of it is a question.
 * Perception blocks and emotion tags: Tavus (raven-1, Phoenix-4) and Cartesia SSML, see `docs/brain.md`.
 */

/** Longer messages are read from their end: the live words come last, and the patterns stay cheap. */
const MAX_TEXT = 4_000;

/** Blocks whose content is not the person's: perception, and reminders that agents slip into a user turn. */
const BLOCKS = /<(user_[a-z_]{1,32}|system-reminder)\b[^<>]{0,200}>[\s\S]*?<\/\1>/g;
/** Markup around or between words: `<emotion value="happy"/>`, `<speed level="0.8">`, `<break time="1s" />`. */
const TAGS = /<\/?[a-z][a-z_-]{0,31}(?:\s[^<>]{0,200})?\/?>/g;
/** Stage directions that stand for a person who said nothing. */
const SILENCE = /^[\s[(*]*(?:silence|inaudible|no response|user is silent|blank_audio)[\s\])*.]*$/i;

/** The words that were spoken; empty when there are none. */
export function spokenWords(text: string): string {
  const words = text.slice(-MAX_TEXT).replace(BLOCKS, " ").replace(TAGS, " ").replace(/\s+/g, " ").trim();
  return SILENCE.test(words) || !/[\p{L}\p{N}]/u.test(words) ? "" : words;
}

import { BASE_FORMS, STOP_WORDS } from "./english.ts";
import { stem } from "./stem.ts";

/*
 * The analyser of the full-text index and of the questions put to it: both must see the same terms. Letters
 * and digits of any script, lower case, without diacritics; English stop words and endings are taken off.
 */

/** No word is longer: what follows is a key or a blob. */
const MAX_TOKEN = 64;

const OTHER = 0;
const LETTER = 1;
const DIGIT = 2;
/** Scripts written without spaces: pairs of characters stand for words. */
const UNSPACED = 3;

const KINDS = new Uint8Array(0x10000).fill(255);
const UNSPACED_SCRIPTS =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\u30fc\u3005]/u;

/** The terms of a text in its order, repeats included. */
export function analyse(text: string): string[] {
  return tokenise(text)
    .map(toTerm)
    .filter((term) => term !== "");
}

/** The term that stands for a token in the index; empty for a stop word. */
export function toTerm(token: string): string {
  if (STOP_WORDS.has(token)) return "";
  return stem(BASE_FORMS.get(token) ?? token);
}

/**
 * Words as written, folded. A compound gives itself joined and its parts ("e-mail": "email", "e", "mail"), so
 * that every spelling of it meets; "C++", "F#", "3.5" stay whole, "1,000" is "1000", "Anna's" is "anna".
 */
export function tokenise(text: string): string[] {
  const folded = fold(text);
  const tokens: string[] = [];
  let at = 0;
  while (at < folded.length) {
    const kind = kindAt(folded, at);
    if (kind === OTHER) at++;
    else if (kind === UNSPACED) at = readUnspaced(folded, at, tokens);
    else at = readWord(folded, at, tokens);
  }
  return tokens;
}

const LIGATURES: Record<string, string> = {
  ß: "ss",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  æ: "ae",
  œ: "oe",
  ı: "i",
};

function fold(text: string): string {
  const lower = text.toLowerCase();
  if (!/[^\0-\x7f]/.test(lower)) return lower;
  return lower
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\u0300-\u036f\u00ad\u200b-\u200d]/g, "")
    .normalize("NFC")
    .replace(/[ßøłđðþæœı]/g, (letter) => LIGATURES[letter]!)
    .replace(/[\u2018\u2019\u02bc]/g, "'")
    .replace(/[\u2010\u2011]/g, "-");
}

function kindAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  const known = KINDS[code]!;
  if (known !== 255) return known;
  // Half of a pair: its kind depends on the other half.
  if (code >= 0xd800 && code < 0xe000) return kindOf(String.fromCodePoint(text.codePointAt(at)!));
  return (KINDS[code] = kindOf(text[at]!));
}

function kindOf(character: string): number {
  if (UNSPACED_SCRIPTS.test(character)) return /[\p{L}\p{M}\p{N}]/u.test(character) ? UNSPACED : OTHER;
  if (/\p{N}/u.test(character)) return DIGIT;
  return /[\p{L}\p{M}]/u.test(character) ? LETTER : OTHER;
}

function isWord(text: string, at: number): boolean {
  if (at >= text.length) return false;
  const kind = kindAt(text, at);
  return kind === LETTER || kind === DIGIT;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** The characters of an astral pair count as one. */
function step(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code < 0xdc00 ? at + 2 : at + 1;
}

function endOfRun(text: string, from: number): number {
  let at = from;
  while (isWord(text, at)) at = step(text, at);
  return at;
}

function readWord(text: string, from: number, tokens: string[]): number {
  let end = endOfRun(text, from);
  let word = text.slice(from, end);
  let parts: string[] | undefined;
  for (;;) {
    const mark = text[end];
    if (mark === "'" && isWord(text, end + 1)) {
      const next = endOfRun(text, end + 1);
      const tail = text.slice(end + 1, next);
      if (tail !== "s") word += tail;
      if (parts && tail !== "s") parts.push(parts.pop()! + tail);
      end = next;
    } else if (isNumberMark(text, end)) {
      const next = endOfRun(text, end + 1);
      word += (mark === "." ? "." : "") + text.slice(end + 1, next);
      end = next;
    } else if (mark === "-" && isWord(text, end + 1)) {
      parts ??= [word];
      const next = endOfRun(text, end + 1);
      const part = text.slice(end + 1, next);
      parts.push(part);
      word += part;
      end = next;
    } else break;
  }
  const suffix = parts ? "" : languageSuffix(text, from, end);
  tokens.push((word + suffix).slice(0, MAX_TOKEN));
  if (parts) for (const part of parts) tokens.push(part.slice(0, MAX_TOKEN));
  return end + suffix.length;
}

/** A point between digits, or a comma before exactly three. */
function isNumberMark(text: string, at: number): boolean {
  const mark = text[at];
  if ((mark !== "." && mark !== ",") || !isDigit(text, at - 1) || !isDigit(text, at + 1)) return false;
  return mark === "." || (isDigit(text, at + 2) && isDigit(text, at + 3) && !isDigit(text, at + 4));
}

/** "c++", "c#", "f#". */
function languageSuffix(text: string, from: number, end: number): string {
  if (end - from > 2 || isDigit(text, from)) return "";
  const suffix = text.startsWith("++", end) ? "++" : text[end] === "#" ? "#" : "";
  return suffix !== "" && !isWord(text, end + suffix.length) ? suffix : "";
}

function readUnspaced(text: string, from: number, tokens: string[]): number {
  let previous = from;
  let at = step(text, from);
  const alone = at;
  while (at < text.length && kindAt(text, at) === UNSPACED) {
    const next = step(text, at);
    tokens.push(text.slice(previous, next));
    previous = at;
    at = next;
  }
  if (at === alone) tokens.push(text.slice(from, at));
  return at;
}

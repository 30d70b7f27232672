/*
 * Characters that a reader does not see and a model does: zero-width marks, bidirectional controls, Unicode
 * tags, runs of variation selectors, control codes. They are taken out, except where a script or an emoji
 * needs them.
 */
const SUSPECT =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: these are the marks themselves, one by one.
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/u;
/** Plain text is done after this test, which costs a third of the full one. */
const PLAIN = /^[\t\n\r\x20-\x7e]*$/;
const SUSPECT_ALL = new RegExp(SUSPECT.source, "gu");
const TAGS = /[\u{e0020}-\u{e007e}]+/gu;
/** The flags of England, Scotland and Wales are spelled in tags. */
const FLAG = /\u{1f3f4}[\u{e0020}-\u{e007e}]{1,8}\u{e007f}/gu;
const OVERRIDE = /[\u202d\u202e]/;
const SELECTORS = /[\u{e0100}-\u{e01ef}]{2,}/u;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;
/** Scripts in which joiners change the word. */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Mongolian}]/u;

export type Neutralised = {
  text: string;
  /** How many invisible characters were taken out. */
  removed: number;
  /** Text that was written in tags, for screening; empty when there was none. */
  hidden: string;
  /** Characters were there that only serve to hide or reorder text. */
  deceptive: boolean;
};

export function neutralise(text: string): Neutralised {
  if (PLAIN.test(text) || !SUSPECT.test(text)) return { text, removed: 0, hidden: "", deceptive: false };
  const withoutFlags = text.replace(FLAG, "");
  const hidden = [...withoutFlags.matchAll(TAGS)].map(([tags]) => fromTags(tags)).join(" ");
  const deceptive = hidden !== "" || OVERRIDE.test(text) || SELECTORS.test(text);
  const flags = new Set([...text.matchAll(FLAG)].flatMap((m) => range(m.index, m.index + m[0].length)));
  const rightToLeft = RIGHT_TO_LEFT.test(text);
  let removed = 0;
  const clean = text.replace(SUSPECT_ALL, (char, offset: number) => {
    if (flags.has(offset) || isNeeded(char, text, offset, rightToLeft)) return char;
    removed++;
    return /[\u000b\u000c\u0085\u2028\u2029]/.test(char) ? "\n" : "";
  });
  return { text: clean, removed, hidden, deceptive };
}

function isNeeded(char: string, text: string, offset: number, rightToLeft: boolean): boolean {
  const left = previousCharacter(text, offset);
  if (char === "\u200d")
    return /(?:\p{Extended_Pictographic}|\p{EMod}|\ufe0f)/u.test(left) || JOINING.test(left);
  if (char === "\u200c") return JOINING.test(left);
  if (/[\u200e\u200f\u061c]/.test(char)) return rightToLeft;
  if (/[\u180b-\u180e]/.test(char)) return /\p{Script=Mongolian}/u.test(left);
  return /[\u{e0100}-\u{e01ef}]/u.test(char) && /\p{Script=Han}/u.test(left);
}

function previousCharacter(text: string, offset: number): string {
  const code = text.charCodeAt(offset - 1);
  return code >= 0xdc00 && code <= 0xdfff ? text.slice(offset - 2, offset) : text.slice(offset - 1, offset);
}

function fromTags(tags: string): string {
  return String.fromCodePoint(...[...tags].slice(0, 4_096).map((tag) => tag.codePointAt(0)! - 0xe0000));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

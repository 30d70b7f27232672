import { stripVTControlCharacters } from "node:util";
import { neutralise } from "../../memory/policy/invisible.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Two columns wide in a terminal: East Asian wide and full-width forms, and emoji. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|.\ufe0f)/u;

/** Columns that a text takes in a terminal; colours take none. */
export function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of graphemes.segment(plain)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/**
 * A text from outside, made fit for a terminal: nothing in it can move the cursor, colour, hide or reorder
 * what stands there. One line, unless line breaks are kept.
 */
export function printable(text: string, keepLines = false): string {
  const clean = neutralise(stripVTControlCharacters(text)).text.replaceAll("\t", " ");
  return keepLines ? clean.replace(/\r\n?/g, "\n") : clean.replace(/\s+/g, " ").trim();
}

/** Breaks at spaces, and within a word only where it is wider than the line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((whole) => pieces(whole, width))) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (line !== "" && widthOf(joined) > width) {
      lines.push(line);
      line = word;
    } else line = joined;
  }
  return [...lines, line];
}

function pieces(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word];
  const parts: string[] = [];
  let part = "";
  for (const { segment } of graphemes.segment(word)) {
    if (part !== "" && widthOf(part + segment) > width) {
      parts.push(part);
      part = "";
    }
    part += segment;
  }
  return [...parts, part];
}

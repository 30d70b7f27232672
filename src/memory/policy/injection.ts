import { INSTRUCTION_PATTERNS } from "./injection-patterns.ts";
import { neutralise } from "./invisible.ts";
import { hasLongWord } from "./long-word.ts";

export type Screening = {
  /** The text without invisible control characters; otherwise as it was. */
  text: string;
  /** What looks like a planted instruction, by name; empty for ordinary text. */
  reasons: string[];
  /** Invisible characters that were taken out. */
  removed: number;
};

const ENCODED = /(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/_-]{24,}={0,2})/g;
const ENCODED_LENGTH = 24;
/** Only the beginning of a blob is decoded: an instruction is short, and the cost stays bounded. */
const DECODED_LENGTH = 4_096;

/**
 * Looks for instructions planted in a memory. The text stays what was said: it is marked, not cut, and what
 * renders it as data makes it harmless.
 */
export function screenInjection(original: string): Screening {
  const { text, removed, hidden, deceptive } = neutralise(original);
  const reasons = new Set(instructionsIn(foldLookalikes(text)));
  if (deceptive) reasons.add("hidden_characters");
  if (hidden && instructionsIn(hidden).length > 0) reasons.add("hidden_instruction");
  if (hasLongWord(text, ENCODED_LENGTH) && hasEncodedInstruction(text)) reasons.add("encoded_instruction");
  return { text, reasons: [...reasons], removed };
}

/** All patterns as one: a text that is clean, as most are, is done after one pass. */
const ANY = new RegExp(INSTRUCTION_PATTERNS.map(([, { source }]) => `(?:${source})`).join("|"), "im");

function instructionsIn(text: string): string[] {
  if (!ANY.test(text)) return [];
  return INSTRUCTION_PATTERNS.filter(([, pattern]) => pattern.test(text)).map(([name]) => name);
}

/** Base64 (both alphabets) or hexadecimal that decodes to an instruction. */
function hasEncodedInstruction(text: string): boolean {
  for (const [blob] of text.matchAll(ENCODED)) {
    const head = blob.slice(0, DECODED_LENGTH);
    const isHex = head.length >= 40 && /^[0-9a-f]+$/i.test(head);
    const decoded = Buffer.from(head, isHex ? "hex" : "base64").toString("utf8");
    if (isReadable(decoded) && instructionsIn(decoded).length > 0) return true;
  }
  return false;
}

function isReadable(text: string): boolean {
  const readable = text.replace(/[^\p{L}\p{N}\p{P}\p{Zs}\n]/gu, "").length;
  return text.length >= 12 && readable >= text.length * 0.9;
}

const LOOKALIKES: Record<string, string> = Object.fromEntries(
  [..."аaеeоoрpсcуyхxіiјjѕsԁdһhӏlԛqԝwАAВBЕEКKМMНHОOРPСCТTУYХXІIαaοoνvιiρpτtυuκkΑAΒBΕEΙIΚKΜMΝNΟOΡPΤTΥYΧX"]
    .join("")
    .match(/../g)!
    .map((pair) => [pair[0]!, pair[1]!]),
);
const LOOKALIKE = /[\u0370-\u04ff\u0500-\u052f]/;

/** Cyrillic and Greek letters that pass for Latin ones, in words that mix the alphabets. */
function foldLookalikes(text: string): string {
  const plain = /[\uff01-\uff5e]/.test(text) ? text.normalize("NFKC") : text;
  if (!LOOKALIKE.test(plain)) return plain;
  return plain.replace(/[A-Za-z\u0370-\u052f]{2,64}/g, (word) =>
    /[A-Za-z]/.test(word) && LOOKALIKE.test(word)
      ? word.replace(/[\u0370-\u052f]/g, (letter) => LOOKALIKES[letter] ?? letter)
      : word,
  );
}

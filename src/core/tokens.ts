import { createRequire } from "node:module";

type Tokenizer = { countTokens(text: string, options: { disallowedSpecial: Set<string> }): number };

/** No token of o200k stands for more characters than this. */
const LONGEST_TOKEN = 128;
const NONE = { disallowedSpecial: new Set<string>() };
let tokenizer: Tokenizer | undefined;

/**
 * Tokens of `text` in o200k (GPT-4o and later), exact. About 3 µs for 100 characters; the first call loads the
 * vocabulary, which takes some 150 ms and 70 MB: call `loadTokenizer` at start where that would be felt.
 */
export function countTokens(text: string): number {
  // What looks like a control token is text here: a person may say anything.
  return text === "" ? 0 : loadTokenizer().countTokens(text, NONE);
}

/** Whether `text` takes at most `limit` tokens; answers from the length alone when that is certain. */
export function fitsWithin(text: string, limit: number): boolean {
  if (text.length > limit * LONGEST_TOKEN) return false;
  return Buffer.byteLength(text) <= limit || countTokens(text) <= limit;
}

/** Loads the vocabulary now instead of at the first count. */
export function loadTokenizer(): Tokenizer {
  // `require`, because counting is synchronous and most processes never need it.
  tokenizer ??= createRequire(import.meta.url)("gpt-tokenizer/encoding/o200k_base") as Tokenizer;
  return tokenizer;
}

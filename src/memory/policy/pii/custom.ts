import { RE2JS } from "re2js";
import type { Finding } from "./kinds.ts";

export type CustomPattern = { name: string; pattern: RE2JS };

/**
 * Compiles a pattern of the configuration with RE2, which no text can make slow. A string says what is wrong
 * with it: the syntax has no look-around and no back references, and a match must not be empty.
 */
export function compilePattern(source: string): RE2JS | string {
  try {
    const pattern = RE2JS.compile(source);
    return pattern.matcher("").find() ? "the pattern matches the empty text" : pattern;
  } catch (error) {
    return `the pattern is not in RE2 syntax (${error instanceof Error ? error.message : String(error)})`;
  }
}

export function findCustom(text: string, patterns: readonly CustomPattern[]): Finding[] {
  const found: Finding[] = [];
  for (const { name, pattern } of patterns) {
    const matcher = pattern.matcher(text);
    while (matcher.find()) {
      if (matcher.end() > matcher.start())
        found.push({ kind: name, start: matcher.start(), end: matcher.end() });
    }
  }
  return found;
}

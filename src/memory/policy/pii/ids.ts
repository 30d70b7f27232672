import { AMERICAN_IDS } from "./ids-americas.ts";
import { ASIAN_IDS } from "./ids-asia.ts";
import { EUROPEAN_IDS } from "./ids-europe.ts";
import type { Finding, PiiKind } from "./kinds.ts";
import { hasContext, isAlphanumeric, type Scan } from "./scan.ts";

/** How one country's id is written and checked. */
export type IdRule = {
  kind: PiiKind;
  country: string;
  /** Matched where a token with a digit begins (or the letters before it). Sticky, bounded. */
  shape: RegExp;
  /** A word that must stand nearby, for shapes that other numbers have too. */
  context?: RegExp;
  /** A stricter shape that needs no such word. */
  alone?: RegExp;
  /** Over the id without separators, in upper case. */
  check?: (compact: string) => boolean;
};

const RULES: readonly IdRule[] = [...EUROPEAN_IDS, ...AMERICAN_IDS, ...ASIAN_IDS];

/** Government ids by shape, check digit and, where digits alone are ambiguous, a word nearby. */
export function findIds({ text, tokens }: Scan, countries?: readonly string[]): Finding[] {
  const rules = countries ? RULES.filter((rule) => countries.includes(rule.country)) : RULES;
  const found: Finding[] = [];
  let floor = 0;
  for (const token of tokens) {
    const start = withLetters(text, token.start);
    if (start < floor || /\d[-./]$/.test(text.slice(Math.max(0, start - 2), start))) continue;
    const finding =
      idAt(text, start, rules) ?? (start < token.start ? idAt(text, token.start, rules) : undefined);
    if (!finding) continue;
    found.push(finding);
    floor = finding.end;
  }
  return found;
}

function idAt(text: string, start: number, rules: readonly IdRule[]): Finding | undefined {
  for (const rule of rules) {
    rule.shape.lastIndex = start;
    const written = rule.shape.exec(text)?.[0];
    if (written === undefined) continue;
    const end = start + written.length;
    if (isAlphanumeric(text.charCodeAt(end)) || /^[-./]\d/.test(text.slice(end, end + 2))) continue;
    const compact = written.replace(/[^A-Za-z0-9]/g, "").toUpperCase();
    if (rule.check && !rule.check(compact)) continue;
    const plain = rule.context === undefined || rule.alone?.test(written);
    if (plain || hasContext(text, start, end, rule.context!)) return { kind: rule.kind, start, end };
  }
  return undefined;
}

/** Two letters and a space before the digits belong to the id: `AB 12 34 56 C`. */
function withLetters(text: string, start: number): number {
  return /(?<![A-Za-z0-9])[A-Za-z]{2} $/.test(text.slice(Math.max(0, start - 4), start)) ? start - 3 : start;
}

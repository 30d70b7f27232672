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
  /** Begins with a letter, or may: a digit otherwise. */
  starts?: "letter" | "either";
  /** A word that must stand nearby, for shapes that other numbers have too. */
  context?: RegExp;
  /** A stricter shape that needs no such word. */
  alone?: RegExp;
  /** Over the id without separators, in upper case. */
  check?: (compact: string) => boolean;
};

const RULES: readonly IdRule[] = [...EUROPEAN_IDS, ...AMERICAN_IDS, ...ASIAN_IDS];

type RulesByStart = { digit: IdRule[]; letter: IdRule[] };
const ALL: RulesByStart = byStart(RULES);

function byStart(rules: readonly IdRule[]): RulesByStart {
  return {
    digit: rules.filter(({ starts }) => starts !== "letter"),
    letter: rules.filter(({ starts }) => starts !== undefined),
  };
}

/** Government ids by shape, check digit and, where digits alone are ambiguous, a word nearby. */
export function findIds({ text, tokens }: Scan, countries?: readonly string[]): Finding[] {
  const rules = countries ? byStart(RULES.filter((rule) => countries.includes(rule.country))) : ALL;
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

function idAt(text: string, start: number, { digit, letter }: RulesByStart): Finding | undefined {
  const code = text.charCodeAt(start);
  const rules = code >= 58 ? letter : leadsNumber(text, start) ? digit : [];
  let found: Finding | undefined;
  for (const rule of rules) {
    rule.shape.lastIndex = start;
    const written = rule.shape.exec(text)?.[0];
    if (written === undefined || !isId(text, start, written, rule)) continue;
    const end = start + written.length;
    const named = rule.context !== undefined && hasContext(text, start, end, rule.context);
    if (named || (!found && isPlain(rule, written))) found = { kind: rule.kind, start, end };
    // The word nearby tells which of several readings is meant.
    if (named) break;
  }
  return found;
}

function isPlain({ context, alone }: IdRule, written: string): boolean {
  return context === undefined || alone?.test(written) === true;
}

function isId(text: string, start: number, written: string, { check }: IdRule): boolean {
  const end = start + written.length;
  if (isAlphanumeric(text.charCodeAt(end)) || /^[-./]\d/.test(text.slice(end, end + 2))) return false;
  return !check || check(written.replace(/[^A-Za-z0-9]/g, "").toUpperCase());
}

/** At least eight letters and digits with hardly anything between: shorter ids do not begin with a digit. */
function leadsNumber(text: string, start: number): boolean {
  let count = 0;
  for (let at = start; at < start + 12 && count < 8; at++) {
    const code = text.charCodeAt(at);
    if (isAlphanumeric(code)) count++;
    else if (code !== 32 && (code < 45 || code > 47) && code !== 43) return false;
  }
  return count === 8;
}

/** Letters set apart from the digits belong to the id: `AB 12 34 56 C`, `X-5253868-R`. */
function withLetters(text: string, start: number): number {
  const lead = /(?<![A-Za-z0-9])(?:[A-Za-z]{2} |[XYZxyz][- ])$/.exec(
    text.slice(Math.max(0, start - 4), start),
  );
  return start - (lead?.[0].length ?? 0);
}

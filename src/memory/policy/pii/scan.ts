/** A maximal run of ASCII letters and digits with at least one digit. */
export type Token = { start: number; end: number; digits: boolean };

/** Digit groups that only `space - . ( ) /` (at most three of them) keep apart: a number as people write it. */
export type Run = { groups: Token[]; gaps: string[] };

export type Scan = { text: string; tokens: Token[]; runs: Run[] };

const FOLDED =
  /[\u00a0\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u2000-\u200a\u2010-\u2015\u202f\u205f\u2212\u3000\uff01-\uff5e]/;
const FOLDED_ALL = new RegExp(FOLDED, "g");

/** Wide, Arabic and Indic digits, typographic dashes and spaces as ASCII, so that one form is looked for. Keeps offsets. */
export function fold(text: string): string {
  return FOLDED.test(text) ? text.replace(FOLDED_ALL, foldCharacter) : text;
}

function foldCharacter(char: string): string {
  const code = char.charCodeAt(0);
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  if (code >= 0x0660 && code <= 0x0669) return String(code - 0x0660);
  if (code >= 0x06f0 && code <= 0x06f9) return String(code - 0x06f0);
  if (code >= 0x0966 && code <= 0x096f) return String(code - 0x0966);
  return (code >= 0x2010 && code <= 0x2015) || code === 0x2212 ? "-" : " ";
}

/** One pass over the text: everything that looks for numbers starts from these tokens. */
export function scan(text: string): Scan {
  const tokens: Token[] = [];
  const digits = /\d+/g;
  for (let match = digits.exec(text); match; match = digits.exec(text)) {
    const floor = tokens.at(-1)?.end ?? 0;
    let start = match.index;
    let end = digits.lastIndex;
    const [first, last] = [start, end];
    while (start > floor && isAlphanumeric(text.charCodeAt(start - 1))) start--;
    while (isAlphanumeric(text.charCodeAt(end))) end++;
    tokens.push({ start, end, digits: start === first && end === last });
    digits.lastIndex = end;
  }
  return { text, tokens, runs: runsOf(text, tokens) };
}

function runsOf(text: string, tokens: Token[]): Run[] {
  const runs: Run[] = [];
  let open: Run | undefined;
  let previous: Token | undefined;
  for (const token of tokens) {
    if (!token.digits) {
      open = undefined;
      continue;
    }
    const gap =
      open && previous && token.start - previous.end <= 3 ? text.slice(previous.end, token.start) : "";
    if (open && /^[ \-.()/]+$/.test(gap)) {
      open.groups.push(token);
      open.gaps.push(gap);
    } else {
      open = { groups: [token], gaps: [] };
      runs.push(open);
    }
    previous = token;
  }
  return runs;
}

export function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** Is one of these words within 48 characters before the span, or 24 after it, in the same paragraph? */
export function hasContext(text: string, start: number, end: number, words: RegExp): boolean {
  return words.test(before(text, start)) || words.test(after(text, end));
}

export function before(text: string, start: number, reach = 48): string {
  const head = text.slice(Math.max(0, start - reach), start);
  return head.slice(head.lastIndexOf("\n\n") + 1);
}

function after(text: string, end: number, reach = 24): string {
  return text.slice(end, end + reach).split("\n", 1)[0]!;
}

import type { Finding } from "./kinds.ts";

const LOCAL = /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]/u;
const DOMAIN = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}\p{L}[\p{L}\p{N}-]{1,23}/u;
/** Names such as `icon@2x.png` and `package@next.js`. */
const FILE = /\.(?:png|jpe?g|gif|svg|webp|ico|css|scss|jsx?|tsx?|mjs|cjs|json|html?|md|ya?ml|zip|pdf|exe)$/i;

const TLD =
  "(?:com|org|net|edu|gov|info|biz|io|ai|app|dev|me|co|uk|us|ca|au|de|fr|es|it|nl|be|ch|at|se|no|dk|fi|pl|pt|ie|in|br|jp|eu|cloud|online|tech)";
const DOT = said("dot|punkt|point|punto|ponto|punt");
/** The spoken second half: `at example dot com`, `(at) example (dot) co (dot) uk`. */
const AT_DOMAIN = new RegExp(
  `${said("at|ät|chez|arroba|chiocciola")}(?!(?:the|an?|this|that|el|la|le|der|die|das) )(?:[\\p{L}\\p{N}-]{1,40}${DOT}){1,4}${TLD}(?![\\p{L}\\p{N}])`,
  "giu",
);
/** A word, or letters and digits read out one by one. */
const PIECE = "(?:(?:[\\p{L}\\p{N}] ){1,20}[\\p{L}\\p{N}]|[\\p{L}\\p{N}_.+-]{1,40})";
const JOINT = " (?:dot|underscore|under score|dash|hyphen|minus|plus|punkt|punto|point) ";
/** The spoken first half, ending where the `at` begins. */
const SPOKEN_LOCAL = new RegExp(`(?<![\\p{L}\\p{N}])${PIECE}(?:${JOINT}${PIECE}){0,4}(?: \\d{1,4})?$`, "iu");
/** `anna at gmail.com`: only with providers, since `meet me at example.com` is a place. */
const PROVIDER =
  /(?<![\p{L}\p{N}])[\p{L}\p{N}_.+-]{2,40} (?:at|ät|arroba) (?:gmail|googlemail|hotmail|outlook|yahoo|icloud|proton(?:mail)?|aol|gmx|web|live|msn|me|mac|t-online|orange|free|libero|wp)\.(?:com|net|de|fr|co\.uk|it|pl|me|org|es|nl|ch|at)(?![\p{L}\p{N}])/giu;
const PROVIDER_HINT = / (?:at|ät|arroba) [a-z-]{2,12}\.[a-z]/i;
const HINT = /(?:dot|punkt|point|punto|ponto|punt)[)\]}> ]/i;

export function findEmails(text: string): Finding[] {
  const found: Finding[] = [];
  let floor = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const span = emailAround(text, at, floor);
    if (!span) continue;
    found.push({ kind: "email", ...span });
    floor = span.end;
  }
  return found;
}

function emailAround(text: string, at: number, floor: number): { start: number; end: number } | undefined {
  let start = at;
  while (start > floor && at - start < 64 && LOCAL.test(text[start - 1]!)) start--;
  while (start < at && /[.'`/=*?|{]/.test(text[start]!)) start++;
  const domain = DOMAIN.exec(text.slice(at + 1, at + 254))?.[0].replace(/[-.]+$/, "");
  if (start === at || !domain || FILE.test(domain)) return undefined;
  const end = at + 1 + domain.length;
  const isRepository = text.slice(start, at) === "git" && text[end] === ":";
  return isRepository || isUrlPassword(text, start) ? undefined : { start, end };
}

/** `https://name:password@host` is a secret, and its host no mail server. */
function isUrlPassword(text: string, start: number): boolean {
  return /:\/\/[^\s@]*:$/.test(text.slice(Math.max(0, start - 120), start));
}

/** Addresses as they are said: `anna dot smith at example dot com`, `anna (at) example (dot) com`, spelled letters. */
export function findSpokenEmails(text: string): Finding[] {
  const found: Finding[] = [];
  for (const match of HINT.test(text) ? text.matchAll(AT_DOMAIN) : []) {
    const reach = Math.max(0, match.index - 120);
    const local = SPOKEN_LOCAL.exec(text.slice(reach, match.index));
    if (local) {
      found.push({ kind: "email", start: reach + local.index, end: match.index + match[0].length });
    }
  }
  for (const match of PROVIDER_HINT.test(text) ? text.matchAll(PROVIDER) : []) {
    found.push({ kind: "email", start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/** A spoken sign: a word between spaces, or in brackets. */
function said(words: string): string {
  return `(?: (?:${words}) | ?[([{<] ?(?:${words}) ?[)\\]}>] ?)`;
}

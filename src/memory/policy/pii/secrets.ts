import { hasLongWord } from "../long-word.ts";
import type { Finding } from "./kinds.ts";

/** Keys that carry their issuer's mark. Lengths are bounded so that a text cannot make them slow. */
const MARKED = new RegExp(
  `(?<![A-Za-z0-9_-])(?:${[
    "sk-(?=[A-Za-z_-]{0,60}\\d)[A-Za-z0-9_-]{20,300}",
    "(?:AKIA|ASIA)[A-Z0-9]{16}",
    "gh[pousr]_[A-Za-z0-9]{20,255}",
    "github_pat_[A-Za-z0-9_]{22,255}",
    "glpat-[\\w-]{20,100}",
    "xox[abeoprs]-[A-Za-z0-9-]{15,255}",
    "xapp-[A-Za-z0-9-]{20,255}",
    "AIza[\\w-]{35}",
    "ya29\\.[\\w-]{20,300}",
    "(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,255}",
    "whsec_[A-Za-z0-9+/=]{16,100}",
    "sk_[0-9a-f]{40,64}",
    "(?:SK|AC)[0-9a-f]{32}",
    "SG\\.[\\w-]{16,32}\\.[\\w-]{32,64}",
    "npm_[A-Za-z0-9]{36}",
    "hf_[A-Za-z0-9]{30,60}",
    "pypi-[\\w-]{40,255}",
    "do[opr]_v1_[0-9a-f]{64}",
    "\\d{8,10}:AA[\\w-]{32,36}",
    "eyJ[\\w-]{8,2000}\\.eyJ[\\w-]{8,4000}\\.[\\w-]{0,1000}",
    "https://hooks\\.slack\\.com/services/[A-Za-z0-9/]{20,100}",
  ].join("|")})`,
  "g",
);

/** None of them is shorter. */
const MARKED_LENGTH = 20;

const NAME =
  "pass(?:word|wd|phrase|code|wort)|pwd|kennwort|mot de passe|contrase[ñn]a|secret(?: key| access key)?|api[ _-]?key|access[ _-]?key(?:[ _-]id)?|(?:access|auth|refresh|bearer|session|id)[ _-]?token|client[ _-]?secret|private[ _-]?key|secret[ _-]?access[ _-]?key|account[ _-]?key";
/** `password: x`, `api_key=x`, `"secret": "x"`, `--password x` is left alone. */
const ASSIGNED = new RegExp(
  `(?<![A-Za-z])(?:[A-Z0-9]{1,20}[_-]){0,4}(?:${NAME})["']? ?(?::|=>?|:=) ?["'\`]?([^\\s"'\`,;<>]{4,200})`,
  "gi",
);
/** `my password is x`: one word, which is not a remark about the password. */
const TOLD = new RegExp(`\\b(?:${NAME}) (?:is|was|ist|es|est|to) ["'\`]?([^\\s"'\`,;]{3,100})`, "gi");
/** `token: x` when the value looks like one, and `password 'x'` in quotes. */
const TOKEN = /\btoken["']? ?[:=] ?["'`]?((?=[A-Za-z._~+/=-]{0,100}\d)[A-Za-z0-9._~+/=-]{12,400})/gi;
const QUOTED = new RegExp(`\\b(?:${NAME}) ["'\`]([^\\s"'\`]{4,100})(?=["'\`])`, "gi");
const PIN =
  /\b(?:pin|cvv2?|cvc2?|security code|one[- ]time (?:code|password)|otp|verification code|passcode)(?: code| number)?(?: (?:for|of|to) (?:the |my |our |his |her )?\w{1,20}(?: \w{1,20})?)?(?: is| was|:| =|=| ist)? ?(?:is |: ?)?(\d{3,8})(?![\d.,:]?\d)/gi;
const BEARER = /\bbearer ([A-Za-z0-9._~+/=-]{20,2000})/gi;
const BASIC_URL = /\b[a-z][a-z0-9+.-]{1,20}:\/\/([^\s:@/"']{0,100}:[^\s@/"']{1,200})@/gi;
const TELEGRAPHIC =
  /^(?:required|optional|incorrect|invalid|expired|changed|reset|wrong|missing|forgotten|hidden|none|null|undefined|true|false|string|example|yes|no|\[[a-z_]+\])[.!?)]*$/i;
const SECRET_HINT = /pass|pwd|kennwort|contrase|secret|key|token|\bpin\b|cv[vc]|code|otp|bearer|:\/\//i;

export function findSecrets(text: string): Finding[] {
  const found: Finding[] = [];
  for (const match of hasLongWord(text, MARKED_LENGTH) ? text.matchAll(MARKED) : []) {
    found.push({ kind: "secret", start: match.index, end: match.index + match[0].length });
  }
  findPrivateKeys(text, found);
  if (!SECRET_HINT.test(text)) return found;
  for (const pattern of [PIN, BEARER, TOKEN, QUOTED])
    captured(pattern, text, (value) => !/^\[[a-z_]+\]$/.test(value), found);
  captured(ASSIGNED, text, (value) => !TELEGRAPHIC.test(value), found);
  captured(TOLD, text, isTold, found);
  for (const match of text.matchAll(BASIC_URL)) {
    const start = match.index + match[0].indexOf("://") + 3;
    found.push({ kind: "secret", start, end: match.index + match[0].length - 1 });
  }
  return found;
}

function captured(pattern: RegExp, text: string, accept: (value: string) => boolean, found: Finding[]): void {
  for (const match of text.matchAll(pattern)) {
    const value = match[1]!.replace(/[.!?)\]}]+$/, "");
    const start = match.index + match[0].length - match[1]!.length;
    if (value && accept(match[1]!)) found.push({ kind: "secret", start, end: start + value.length });
  }
}

/** A digit or a sign among letters: `hunter2`, `S3cr!t`; a plain word is more often a remark. */
function isTold(value: string): boolean {
  const word = value.replace(/[.!?)]+$/, "");
  return word.length >= 4 && /[\d!#$%&*+=?@^_~]/.test(word) && !/^\[[a-z_]+\]$/.test(word);
}

/** From each header to its footer, or to the end of the text when that is missing. */
function findPrivateKeys(text: string, found: Finding[]): void {
  let from = text.indexOf("-----BEGIN ");
  while (from >= 0) {
    const header = text.slice(from, from + 64).search(/PRIVATE KEY(?: BLOCK)?-----/);
    const footer = header < 0 ? from + 11 : text.indexOf("-----END ", from);
    const close = footer < 0 ? -1 : text.indexOf("-----", footer + 9);
    const end = close < 0 ? text.length : close + 5;
    if (header >= 0) found.push({ kind: "secret", start: from, end });
    from = text.indexOf("-----BEGIN ", header >= 0 ? end : from + 11);
  }
}

import { modulo } from "./checksums.ts";
import type { Finding } from "./kinds.ts";
import { isAlphanumeric, type Scan } from "./scan.ts";

/** Lengths of the IBAN registry. */
const LENGTHS: Record<string, number> = Object.fromEntries(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 " +
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 " +
    "KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 " +
    "PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
  )
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** Bank accounts: a country's length and mod 97, with or without spaces or dashes. */
export function findIbans({ text, tokens }: Scan): Finding[] {
  const found: Finding[] = [];
  for (const { start } of tokens) {
    const end = ibanFrom(text, start);
    if (end !== undefined) found.push({ kind: "iban", start, end });
  }
  return found;
}

function ibanFrom(text: string, start: number): number | undefined {
  const size = LENGTHS[text.slice(start, start + 2).toUpperCase()];
  if (size === undefined || !/^\d\d/.test(text.slice(start + 2, start + 4))) return undefined;
  let compact = "";
  let at = start;
  for (; compact.length < size && at < text.length; at++) {
    if (isAlphanumeric(text.charCodeAt(at))) compact += text[at];
    else if (!isGap(text, at)) return undefined;
  }
  if (compact.length < size || isAlphanumeric(text.charCodeAt(at))) return undefined;
  const upper = compact.toUpperCase();
  return modulo(upper.slice(4) + upper.slice(0, 4), 97) === 1 ? at : undefined;
}

function isGap(text: string, at: number): boolean {
  return (text[at] === " " || text[at] === "-") && isAlphanumeric(text.charCodeAt(at + 1));
}

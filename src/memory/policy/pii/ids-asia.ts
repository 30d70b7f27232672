import { digitAt, isDate, luhn, verhoeff, weighted } from "./checksums.ts";
import type { IdRule } from "./ids.ts";

function isTfn(id: string): boolean {
  const weights = id.length === 9 ? [1, 4, 3, 7, 5, 8, 6, 9, 10] : [10, 7, 8, 4, 6, 3, 5, 1];
  return weighted(id, weights) % 11 === 0;
}

function isNric(id: string): boolean {
  const offset = { S: 0, F: 0, T: 4, G: 4, M: 3 }[id[0]!] ?? 0;
  const rest = (weighted(id.slice(1), [2, 7, 6, 5, 4, 3, 2]) + offset) % 11;
  const letters = id[0] === "M" ? "KLJNPQRTUWX" : "FG".includes(id[0]!) ? "XWUTRQPNMLK" : "JZIHGFEDCBA";
  return letters[id[0] === "M" ? 10 - rest : rest] === id[8];
}

function isHongKong(id: string): boolean {
  const letters = id.length === 9 ? id : ` ${id}`;
  let sum = 0;
  for (let i = 0; i < 8; i++) {
    const char = letters[i]!;
    const value = char === " " ? 36 : Number.parseInt(char, 36);
    sum += value * (9 - i);
  }
  const check = (11 - (sum % 11)) % 11;
  return (check === 10 ? "A" : String(check)) === id.at(-1);
}

function isResident(id: string): boolean {
  const rest = weighted(id, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
  return "10X98765432"[rest] === id[17] && isDate(id.slice(6, 10), id.slice(10, 12), id.slice(12, 14));
}

function isMyNumber(id: string): boolean {
  const rest = weighted(id, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? 0 : 11 - rest) === digitAt(id, 11);
}

const TAIWAN = "ABCDEFGHJKLMNPQRSTUVXYWZIO";

function isTaiwanese(id: string): boolean {
  const area = TAIWAN.indexOf(id[0]!) + 10;
  return weighted(`${area}${id.slice(1)}`, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0;
}

function isMedicare(id: string): boolean {
  return weighted(id, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digitAt(id, 8);
}

/** Asia, Oceania and Africa. */
export const ASIAN_IDS: readonly IdRule[] = [
  {
    kind: "in_aadhaar",
    country: "IN",
    shape: /[2-9]\d{3}([ -]?)\d{4}\1\d{4}(?![ -]\d{4})/y,
    context: /\b(?:aadha?ar|uidai|uid)\b/i,
    alone: /^\d{4}[ -]/,
    check: verhoeff,
  },
  {
    kind: "in_pan",
    country: "IN",
    starts: "letter",
    shape: /[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]/iy,
    context: /\bpan\b/i,
    alone: /^[A-Z0-9]+$/,
  },
  {
    kind: "au_tfn",
    country: "AU",
    shape: /\d{3}([ -]?)\d{3}\1\d{2,3}/y,
    context: /\b(?:tfn|tax file)\b/i,
    check: isTfn,
  },
  {
    kind: "au_medicare",
    country: "AU",
    shape: /[2-6]\d{3}[ -]?\d{5}[ -]?\d/y,
    context: /\bmedicare\b/i,
    check: isMedicare,
  },
  { kind: "sg_nric", country: "SG", starts: "letter", shape: /[STFGM]\d{7}[A-Z]/iy, check: isNric },
  { kind: "hk_id", country: "HK", starts: "letter", shape: /[A-Z]{1,2}\d{6}\([\dA]\)/iy, check: isHongKong },
  {
    kind: "kr_rrn",
    country: "KR",
    shape: /\d{6}-[1-8]\d{6}/y,
    check: (id) => isDate(id.slice(0, 2), id.slice(2, 4), id.slice(4, 6)),
  },
  { kind: "cn_ric", country: "CN", shape: /[1-8]\d{16}[\dX]/iy, check: isResident },
  {
    kind: "jp_my_number",
    country: "JP",
    shape: /\d{4}([ -]?)\d{4}\1\d{4}/y,
    context: /\bmy ?number\b|マイナンバー|個人番号/i,
    check: isMyNumber,
  },
  { kind: "tw_id", country: "TW", starts: "letter", shape: /[A-Z][1289]\d{8}/iy, check: isTaiwanese },
  {
    kind: "za_id",
    country: "ZA",
    shape: /\d{6} ?\d{4} ?[01]8\d/y,
    context: /\b(?:id(?:entity)?(?: number| no)?|south african)\b/i,
    check: (id) => luhn(id) && isDate(id.slice(0, 2), id.slice(2, 4), id.slice(4, 6)),
  },
];

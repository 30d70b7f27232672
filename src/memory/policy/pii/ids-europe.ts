import { digitAt, ean13, isDate, luhn, mod11Of10, modulo, weighted } from "./checksums.ts";
import type { IdRule } from "./ids.ts";

const DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";
const HETU_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY";
const PPS_LETTERS = "WABCDEFGHIJKLMNOPQRSTUV";

function isNhs(id: string): boolean {
  const check = (11 - (weighted(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return check < 10 && check === digitAt(id, 9) && !/^(\d)\1+$/.test(id);
}

/** Of the first ten digits one occurs two or three times, the rest at most once. */
function isSteuerId(id: string): boolean {
  const counts = new Map<string, number>();
  for (const digit of id.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const repeated = [...counts.values()].filter((times) => times > 1);
  return repeated.length === 1 && repeated[0]! <= 3 && mod11Of10(id);
}

function isNir(id: string): boolean {
  const number = id.slice(0, 13).replace("2A", "19").replace("2B", "18");
  return 97 - modulo(number, 97) === Number(id.slice(13));
}

function isDni(id: string): boolean {
  const number = id.slice(0, -1).replace(/^[XYZ]/, (letter) => String("XYZ".indexOf(letter)));
  return DNI_LETTERS[Number(number) % 23] === id.at(-1);
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function isCodiceFiscale(id: string): boolean {
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const code = id.charCodeAt(i);
    const value = code < 65 ? code - 48 : code - 65;
    sum += i % 2 === 0 ? ODD[value]! : value;
  }
  return String.fromCharCode(65 + (sum % 26)) === id[15];
}

function isBsn(id: string): boolean {
  const sum = weighted(id, [9, 8, 7, 6, 5, 4, 3, 2]) - digitAt(id, 8);
  return sum > 0 && sum % 11 === 0;
}

function isPesel(id: string): boolean {
  const month = Number(id.slice(2, 4)) % 20;
  const check = (10 - (weighted(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10;
  return check === digitAt(id, 10) && isDate(id.slice(0, 2), String(month), id.slice(4, 6));
}

/** Day numbers above 60 are coordination numbers. */
function isPersonnummer(id: string): boolean {
  const ten = id.slice(-10);
  const day = Number(ten.slice(4, 6));
  return isDate(ten.slice(0, 2), ten.slice(2, 4), String(day > 60 ? day - 60 : day)) && luhn(ten);
}

/** `compact` has lost a `-` or `+` for the century, but keeps a letter. */
function isHetu(id: string): boolean {
  const digits = id.slice(0, 6) + id.slice(-4, -1);
  return (
    isDate(id.slice(4, 6), id.slice(2, 4), id.slice(0, 2)) && HETU_LETTERS[Number(digits) % 31] === id.at(-1)
  );
}

function isFodselsnummer(id: string): boolean {
  const day = Number(id.slice(0, 2)) % 40;
  const first = (11 - (weighted(id, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11;
  const second = (11 - (weighted(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return (
    first === digitAt(id, 9) &&
    second === digitAt(id, 10) &&
    isDate(id.slice(4, 6), id.slice(2, 4), String(day))
  );
}

function isRijksregister(id: string): boolean {
  const check = Number(id.slice(9));
  const fits = [id.slice(0, 9), `2${id.slice(0, 9)}`].some((number) => 97 - modulo(number, 97) === check);
  return fits && isDate(id.slice(0, 2), String(Number(id.slice(2, 4)) % 20), id.slice(4, 6));
}

function isNif(id: string): boolean {
  const check = (11 - (weighted(id, [9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return (check > 9 ? 0 : check) === digitAt(id, 8);
}

function isPps(id: string): boolean {
  const extra = id.length > 8 && id[8]! <= "I" ? id.charCodeAt(8) - 64 : 0;
  return PPS_LETTERS[(weighted(id, [8, 7, 6, 5, 4, 3, 2]) + extra * 9) % 23] === id[7];
}

function isRodneCislo(id: string): boolean {
  const month = Number(id.slice(2, 4)) % 50;
  const real = isDate(id.slice(0, 2), String(month > 20 ? month - 20 : month), id.slice(4, 6));
  return real && (id.length === 9 || Number(id) % 11 === 0 || Number(id.slice(0, 9)) % 11 === 10);
}

function isKimlik(id: string): boolean {
  const [odd, even] = [weighted(id, [1, 0, 1, 0, 1, 0, 1, 0, 1]), weighted(id, [0, 1, 0, 1, 0, 1, 0, 1])];
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === digitAt(id, 9) && (odd + even + tenth) % 10 === digitAt(id, 10);
}

export const EUROPEAN_IDS: readonly IdRule[] = [
  {
    kind: "uk_nino",
    country: "GB",
    starts: "letter",
    shape: /(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2}([ -]?)\d{2}\1\d{2} ?[A-D]/iy,
    context: /\b(?:nino|n\.?i\.?|national insurance|insurance (?:no|number))\b/i,
    alone: /^[A-Z]{2}[^a-z]+[A-D]$/,
  },
  {
    kind: "uk_nhs",
    country: "GB",
    shape: /\d{3}([ -]?)\d{3}\1\d{4}/y,
    context: /\bnhs\b|\bhealth service\b/i,
    check: isNhs,
  },
  {
    kind: "de_steuer_id",
    country: "DE",
    shape: /[1-9]\d([ /]?)\d{3}\1\d{3}\1\d{3}/y,
    context: /steuer|\b(?:idnr|id-nr|tax id|tin)\b/i,
    alone: /^\d{2} \d{3} \d{3} \d{3}$/,
    check: isSteuerId,
  },
  {
    kind: "fr_nir",
    country: "FR",
    shape: /[12]([ .-]?)\d{2}\1(?:0[1-9]|1[0-2]|[2-9]\d)\1(?:\d{2}|2[AB])\1\d{3}\1\d{3}[ .-]?\d{2}/iy,
    check: isNir,
  },
  {
    kind: "es_dni",
    country: "ES",
    starts: "either",
    shape: /(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ][- ]?\d{7})[- ]?[A-HJ-NP-TV-Z]/iy,
    context: /\b(?:dni|nie|nif|documento|identidad)\b/i,
    alone: /^(?:[\d.]+-?[A-Z]|[XYZ]-?\d{7}-?[A-Z])$/,
    check: isDni,
  },
  {
    kind: "it_codice_fiscale",
    country: "IT",
    starts: "letter",
    shape: /[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]/iy,
    check: isCodiceFiscale,
  },
  {
    kind: "nl_bsn",
    country: "NL",
    shape: /\d{4}\.\d{2}\.\d{3}|\d{9}/y,
    context: /\b(?:bsn|burgerservicenummer|sofi(?:nummer)?|citizen service)\b/i,
    check: isBsn,
  },
  { kind: "pl_pesel", country: "PL", shape: /\d{11}/y, context: /\bpesel\b/i, check: isPesel },
  {
    kind: "se_personnummer",
    country: "SE",
    shape: /(?:19|20)?\d{6}[-+]?\d{4}/y,
    context: /\b(?:person|samordnings)(?:nummer|nr)\b|\bpersonal (?:identity )?number\b/i,
    alone: /^\d{6,8}[-+]\d{4}$/,
    check: isPersonnummer,
  },
  { kind: "fi_hetu", country: "FI", shape: /\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]/y, check: isHetu },
  {
    kind: "dk_cpr",
    country: "DK",
    shape: /\d{6}-?\d{4}/y,
    context: /\bcpr\b|\bpersonnummer\b/i,
    check: (id) => isDate(id.slice(4, 6), id.slice(2, 4), id.slice(0, 2)),
  },
  { kind: "no_fnr", country: "NO", shape: /\d{6} ?\d{5}/y, check: isFodselsnummer },
  {
    kind: "be_nn",
    country: "BE",
    shape: /\d{2}\.\d{2}\.\d{2}[- ]\d{3}[.-]\d{2}|\d{11}/y,
    check: isRijksregister,
  },
  { kind: "ch_ahv", country: "CH", shape: /756([. ]?)\d{4}\1\d{4}\1\d{2}/y, check: ean13 },
  {
    kind: "pt_nif",
    country: "PT",
    shape: /[1-3568]\d{2} ?\d{3} ?\d{3}/y,
    context: /\b(?:nif|contribuinte|n[úu]mero fiscal)\b/i,
    check: isNif,
  },
  {
    kind: "ie_pps",
    country: "IE",
    shape: /\d{7}[A-W][A-IWTX]?/iy,
    context: /\bpps(?:n|\b)/i,
    check: isPps,
  },
  { kind: "cz_rc", country: "CZ", shape: /\d{6}\/\d{3,4}/y, check: isRodneCislo },
  {
    kind: "tr_kimlik",
    country: "TR",
    shape: /[1-9]\d{10}/y,
    context: /\b(?:tckn|kimlik|t\.?c\.?)(?!\w)/i,
    check: isKimlik,
  },
];

import { digitAt, isDate, luhn, weighted } from "./checksums.ts";
import type { IdRule } from "./ids.ts";

const repeated = (id: string) => /^(\d)\1+$/.test(id);

function isCpf(id: string): boolean {
  const check = (size: number) => {
    const weights = Array.from({ length: size }, (_, i) => size + 1 - i);
    return ((weighted(id, weights) * 10) % 11) % 10;
  };
  return !repeated(id) && check(9) === digitAt(id, 9) && check(10) === digitAt(id, 10);
}

function isCnpj(id: string): boolean {
  const weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
  const check = (sum: number) => (sum % 11 < 2 ? 0 : 11 - (sum % 11));
  return (
    !repeated(id) &&
    check(weighted(id, weights.slice(1))) === digitAt(id, 12) &&
    check(weighted(id, weights)) === digitAt(id, 13)
  );
}

function isCuit(id: string): boolean {
  return (11 - (weighted(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === digitAt(id, 10);
}

function isRut(id: string): boolean {
  let sum = 0;
  for (let i = 0; i < id.length - 1; i++) sum += digitAt(id, id.length - 2 - i) * (2 + (i % 6));
  return "0123456789K"[(11 - (sum % 11)) % 11] === id.at(-1);
}

const CURP_ALPHABET = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ";

function isCurp(id: string): boolean {
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += CURP_ALPHABET.indexOf(id[i]!) * (18 - i);
  return (
    (10 - (sum % 10)) % 10 === digitAt(id, 17) && isDate(id.slice(4, 6), id.slice(6, 8), id.slice(8, 10))
  );
}

export const AMERICAN_IDS: readonly IdRule[] = [
  {
    kind: "us_ssn",
    country: "US",
    shape: /(?!000|666|9)\d{3}([- .]?)(?!00)\d{2}\1(?!0000)\d{4}/y,
    context: /\b(?:ssn|social security|social(?= ?(?::|number|no\b|is))|taxpayer|tin)\b/i,
    alone: /^\d{3}-\d{2}-\d{4}$/,
  },
  {
    kind: "us_itin",
    country: "US",
    shape: /9\d{2}([- ]?)(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\1\d{4}/y,
    context: /\b(?:itin|taxpayer|tin)\b/i,
    alone: /^\d{3}-\d{2}-\d{4}$/,
  },
  {
    kind: "us_mbi",
    country: "US",
    shape:
      /[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}/iy,
    context: /\b(?:medicare|mbi|beneficiary)\b/i,
    alone: /-.*-/,
  },
  {
    kind: "ca_sin",
    country: "CA",
    shape: /[0-79]\d{2}([- ]?)\d{3}\1\d{3}/y,
    context: /\b(?:sin|social insurance|assurance sociale|nas)\b/i,
    alone: /^\d{3}-\d{3}-\d{3}$/,
    check: luhn,
  },
  {
    kind: "br_cpf",
    country: "BR",
    shape: /\d{3}\.\d{3}\.\d{3}-\d{2}|\d{9}-?\d{2}/y,
    context: /\bcpf\b/i,
    alone: /^\d{3}\.\d{3}\.\d{3}-/,
    check: isCpf,
  },
  {
    kind: "br_cnpj",
    country: "BR",
    shape: /\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}|\d{14}/y,
    context: /\bcnpj\b/i,
    alone: /\//,
    check: isCnpj,
  },
  {
    kind: "ar_cuit",
    country: "AR",
    shape: /(?:20|2[3-7]|30|33|34)-?\d{8}-?\d/y,
    context: /\b(?:cuit|cuil)\b/i,
    alone: /-\d{8}-/,
    check: isCuit,
  },
  {
    kind: "cl_rut",
    country: "CL",
    shape: /\d{1,2}\.\d{3}\.\d{3}-[\dK]|\d{7,8}-[\dK]/iy,
    context: /\b(?:rut|run)\b/i,
    alone: /^\d{1,2}\.\d{3}\.\d{3}-/,
    check: isRut,
  },
  {
    kind: "mx_curp",
    country: "MX",
    starts: "letter",
    shape: /[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d/iy,
    check: isCurp,
  },
];

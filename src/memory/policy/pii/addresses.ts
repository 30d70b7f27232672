import type { Finding } from "./kinds.ts";

/*
 * Conservative on purpose: a house number, a capitalised name and a word for a street must stand together.
 * Lower-case transcripts, bare house names and post codes alone are not found.
 */
const UNIT =
  "(?:,? (?:[Aa]pt|[Aa]partment|[Ss]uite|[Ss]te|[Uu]nit|[Ff]lat|[Ff]loor|#)\\.? ?[A-Za-z0-9-]{1,6})?";
const CITY_US = "(?:,? [A-Z][A-Za-z.]{1,20}(?: [A-Z][a-z.]{1,20}){0,2},? [A-Z]{2},? \\d{5}(?:-\\d{4})?)";
const CITY_UK = "(?:,? (?:[A-Z][a-z]{1,20},? )?[A-Z]{1,2}\\d[A-Z\\d]? ?\\d[A-Z]{2})";
const ENGLISH = new RegExp(
  "(?<![\\w.,/$€£-])\\d{1,5}[A-Za-z]?(?:-\\d{1,5})? (?:[NSEW]\\.? |North |South |East |West )?(?:[A-Z0-9][A-Za-z0-9'’.-]{0,24} ){1,3}?" +
    "(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Close|Crescent|Highway|Hwy|Parkway|Pkwy|Grove|Mews|Circle|Cir|Row|Loop|Trail|Alley|Quay|Gardens|Wharf)(?![A-Za-z0-9])\\.?" +
    `${UNIT}(?:${CITY_US}|${CITY_UK})?`,
  "g",
);
const ZIP_CITY = "(?:,? (?:[A-Z]{1,2}-)?\\d{4,5} ?(?:[A-Z]{2} )?[A-ZÄÖÜ][\\p{L}.-]{1,30})?";
const GERMANIC_HINT =
  /(?:stra(?:ß|ss)e|str\.|allee|gasse|platz|damm|ufer|chaussee|straat|gracht|plein|kade|gatan|vägen|weg|ring|laan) \d/i;
const GERMANIC = new RegExp(
  "(?<![\\p{L}\\p{N}])(?:[A-ZÄÖÜ][\\p{L}.-]{1,30}[ -]){0,2}?[A-ZÄÖÜ]?[\\p{L}-]{0,30}(?:straße|strasse|str\\.|allee|gasse|platz|damm|ufer|chaussee|straat|gracht|plein|kade|gatan|vägen|[Ss]traße|[Ss]trasse|[Ww]eg|[Rr]ing|[Ll]aan) \\d{1,4} ?[a-z]?(?![\\p{L}\\p{N}:%]|[.,]\\d)" +
    ZIP_CITY,
  "gu",
);
const ROMANCE_HINT =
  /\b(?:rue|avenue|boulevard|place|chemin|impasse|all[ée]e|quai|cours|route|calle|avenida|avda|plaza|paseo|via|viale|piazza|corso|rua|ul\.|ulica)\b/i;
const ROMANCE_AFTER = new RegExp(
  "(?<![\\p{L}\\p{N}.,])\\d{1,4}(?: ?(?:bis|ter))?,? (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Pp]lace|[Cc]hemin|[Ii]mpasse|[Aa]ll[ée]e|[Qq]uai|[Cc]ours|[Rr]oute)(?: (?:de la|de l'|du|des|de|d'))? ?(?:[A-ZÀ-Þ][\\p{L}'’-]{1,25}[ -]?){1,4}" +
    ZIP_CITY,
  "gu",
);
const ROMANCE_BEFORE =
  /(?<![\p{L}\p{N}])(?:[Cc]alle|[Aa]venida|Avda\.?|[Pp]laza|[Pp]aseo|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Rr]ua|[Rr]ue|ul\.|[Uu]lica)(?: (?:de la|de los|del|de|della|dei|do|da))? (?:[A-ZÀ-Þ][\p{L}'’.-]{1,25} ){0,3}[A-ZÀ-Þ][\p{L}'’.-]{1,25},? (?:n[º°.]? ?)?\d{1,4}(?![\p{L}\p{N}:%]|[.,]\d)/gu;
const PO_BOX = /\b(?:p\.? ?o\.? ?box|postfach) \d{1,6}\b/gi;

export function findAddresses(text: string): Finding[] {
  const found: Finding[] = [];
  const patterns = [
    ENGLISH,
    PO_BOX,
    ...(GERMANIC_HINT.test(text) ? [GERMANIC] : []),
    ...(ROMANCE_HINT.test(text) ? [ROMANCE_AFTER, ROMANCE_BEFORE] : []),
  ];
  for (const pattern of patterns) {
    for (const match of text.matchAll(pattern)) {
      found.push({ kind: "address", start: match.index, end: match.index + match[0].trimEnd().length });
    }
  }
  return found;
}

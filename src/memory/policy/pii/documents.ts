import type { Finding } from "./kinds.ts";

/** Ids without a check digit: only right after the words that announce them. */
const PASSPORT =
  /\b(?:passport|pass(?:nummer|-nr)|reisepass(?:nummer)?|passeport|pasaporte|passaporto|paspoort(?:nummer)?)\b(?:(?: number| no\.?| nr\.?| #| is| ist| es| est| was|:|,| n°| num[ée]ro| num[éeè]ro| n[úu]mero) ?){0,3} ?([A-Z]{0,3}\d[A-Z0-9]{5,8})(?![A-Za-z0-9])/gi;
const LICENCE =
  /\b(?:driv(?:er'?s?|ers|ing) licen[cs]e|dl|f[üu]hrerschein(?:nummer)?|permis de conduire)\b(?:(?: number| no\.?| nr\.?| #| is| ist| est| was|:|,) ?){0,3} ?([A-Z0-9](?:-?[A-Z0-9]){6,17})(?![A-Za-z0-9])/gi;

export function findDocuments(text: string): Finding[] {
  const found: Finding[] = [];
  collect(PASSPORT, "passport", text, found);
  collect(LICENCE, "driving_licence", text, found);
  return found;
}

function collect(pattern: RegExp, kind: string, text: string, found: Finding[]): void {
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    if (/\d/.test(match[1]!)) found.push({ kind, start: end - match[1]!.length, end });
  }
}

import { isIPv6 } from "node:net";
import type { Finding } from "./kinds.ts";
import { before, isAlphanumeric } from "./scan.ts";

const IPV4 = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)/g;
const VERSION =
  /\b(?:v|ver|version|versions|release|build|firmware|section|chapter|clause|driver|revision|oid)[ .:-]{0,2}$/i;
/** Loopback, unspecified and broadcast name no one. */
const NOBODYS = /^(?:127\.|0\.|255\.255\.255\.255)/;

export function findIpv4(text: string): Finding[] {
  const found: Finding[] = [];
  for (const match of text.matchAll(IPV4)) {
    const octets = match[0].split(".");
    const real = octets.every((octet) => Number(octet) <= 255 && String(Number(octet)) === octet);
    if (!real || NOBODYS.test(match[0]) || VERSION.test(before(text, match.index, 16))) continue;
    found.push({ kind: "ip", start: match.index, end: match.index + match[0].length });
  }
  return found;
}

const COLON_HINT = /:[0-9A-Fa-f]{0,4}:/;
const COLONS = /[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}/g;
const MAC = /(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])/g;

export function findIpv6(text: string): Finding[] {
  const found: Finding[] = [];
  for (const match of COLON_HINT.test(text) ? text.matchAll(COLONS) : []) {
    const address = match[0].replace(/(?<!:):$/, "");
    const end = match.index + address.length;
    const whole =
      !isAlphanumeric(text.charCodeAt(match.index - 1)) &&
      !isAlphanumeric(text.charCodeAt(end)) &&
      text[end] !== ":";
    const groups = address.split(":").filter(Boolean);
    if (whole && groups.length >= 3 && /\d/.test(address) && isIPv6(address)) {
      found.push({ kind: "ip", start: match.index, end });
    }
  }
  return found;
}

export function findMacs(text: string): Finding[] {
  return [...text.matchAll(MAC)].map((match) => ({
    kind: "mac",
    start: match.index,
    end: match.index + match[0].length,
  }));
}

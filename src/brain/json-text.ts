/**
 * Editing JSON as text: what is not changed keeps its bytes (numbers, spacing, escapes, unknown fields), and a
 * large conversation is not written anew for one added message. Everything here takes text that `JSON.parse`
 * has accepted.
 */

/** Start and end (exclusive) of a value in the text. */
export type Span = readonly [start: number, end: number];

/** `start` is where its key begins. */
export type Member = { key: string; start: number; value: Span };

/** The members of the object that begins at or after `from`. */
export function membersOf(text: string, from = 0): Member[] {
  const members: Member[] = [];
  let at = skipSpace(text, text.indexOf("{", from) + 1);
  while (text[at] !== "}") {
    const keyEnd = endOfString(text, at);
    const from = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, from);
    members.push({ key: JSON.parse(text.slice(at, keyEnd)), start: at, value: [from, end] });
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return members;
}

/** The elements of the array at `span`. */
export function elementsOf(text: string, [from]: Span): Span[] {
  const elements: Span[] = [];
  let at = skipSpace(text, from + 1);
  while (text[at] !== "]") {
    const end = endOfValue(text, at);
    elements.push([at, end]);
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return elements;
}

/** The object's text with some members' values replaced by other JSON text; new ones come last. */
export function withMembers(text: string, members: Member[], values: ReadonlyMap<string, string>): string {
  let out = "";
  let at = 0;
  for (const { key, value } of members) {
    const replacement = values.get(key);
    if (replacement === undefined) continue;
    out += text.slice(at, value[0]) + replacement;
    at = value[1];
  }
  const known = new Set(members.map(({ key }) => key));
  const added = [...values].filter(([key]) => !known.has(key));
  if (added.length === 0) return out + text.slice(at);
  const end = text.lastIndexOf("}");
  const comma = members.length > 0 ? "," : "";
  const json = added.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",");
  return out + text.slice(at, end) + comma + json + text.slice(end);
}

/** The object's text without the members of these names, however often they are there. */
export function withoutMembers(text: string, names: readonly string[]): string {
  const kept = membersOf(text).filter(({ key }) => !names.includes(key));
  return `{${kept.map(({ start, value }) => text.slice(start, value[1])).join(",")}}`;
}

function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return endOfString(text, from);
  if (first === "{" || first === "[") return endOfNested(text, from);
  let at = from;
  while (at < text.length && !",]} \t\n\r".includes(text[at]!)) at++;
  return at;
}

function endOfNested(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at) - 1;
    else if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1;
  }
  return text.length;
}

/** A quote ends the string unless an odd number of backslashes stands before it. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text.charCodeAt(before) === 0x5c) before--;
    if ((quote - before) % 2 === 1) return quote + 1;
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 32 || (code >= 9 && code <= 13); )
    code = text.charCodeAt(++at);
  return at;
}

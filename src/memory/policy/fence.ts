import { neutralise } from "./invisible.ts";

/** A speaker's name before a colon, wherever it stands: in one line every place may pass for a beginning. */
const SPEAKER =
  /(?<![\p{L}\p{N}])(system|assistant|developer|user|human|tool|function|ai|model)([ *]{0,3}):(?!\/\/)/giu;

/**
 * Makes a recalled text safe inside a fenced block of a prompt: one line, no delimiters, tags, role names or
 * control characters that could end the block or speak as somebody else. It stays readable, and rendering
 * twice changes nothing more.
 */
export function renderAsData(text: string): string {
  return neutralise(text)
    .text.replace(/\s+/gu, " ")
    .replace(/([-=_*])\1{2,}/g, "$1$1")
    .replace(SPEAKER, (_, name: string, gap: string) => `${name}${gap.trimEnd()} –`)
    .replace(/`{3,}|~{3,}/g, "''")
    .replace(/<(?=[|/!?<A-Za-z])/g, "‹")
    .replace(/‹([^<>‹›]{0,80})>/g, "‹$1›")
    .replace(/(?<=[|/?"'-])>|>(?=>)/g, "›")
    .replace(/\[(?=\/?(?:INST|SYS|(?:system|assistant|user|tool)\b))/gi, "(")
    .replace(/(?<=(?:INST|SYS|system|assistant|user|tool))\]/gi, ")")
    .replace(/\{(?=[{%#])|(?<=[}%#])\}/g, "(")
    .replace(/#{2,}/g, "#")
    .replace(/!\[/g, "! (")
    .trim();
}

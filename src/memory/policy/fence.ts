import { neutralise } from "./invisible.ts";

const ROLES = "system|assistant|developer|user|human|tool|function|ai|model";
const AT_START = new RegExp(`(^|[\\n.!?>|])([ \\t>*#-]{0,8})(${ROLES})([ *]{0,3}):(?!\\/\\/)`, "giu");

/**
 * Makes a recalled text safe inside a fenced block of a prompt: one line, no delimiters, tags, role names or
 * control characters that could end the block or speak as somebody else. It stays readable, and rendering
 * twice changes nothing more.
 */
export function renderAsData(text: string): string {
  return neutralise(text)
    .text.replace(AT_START, "$1$2$3$4 -")
    .replace(/\s+/gu, " ")
    .replace(/`{3,}|~{3,}/g, "''")
    .replace(/<(?=[|/!?<A-Za-z])/g, "‹")
    .replace(/(?<=[|/?"'\w-])>(?!=)|>(?=>)/g, "›")
    .replace(/\[(?=\/?(?:INST|SYS|system|assistant|user|tool)\b)/gi, "(")
    .replace(/(?<=(?:INST|SYS|system|assistant|user|tool))\]/gi, ")")
    .replace(/\{(?=[{%#])|(?<=[}%#])\}/g, "(")
    .replace(/[-=_*]{3,}/g, (run) => run.slice(0, 2))
    .replace(/#{2,}/g, "#")
    .replace(/!\[/g, "! (")
    .trim();
}

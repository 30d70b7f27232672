import type { BriefingBlock } from "../types.ts";

/** Part of a briefing: text around one block, or text alone. Without its block's lines it is not shown. */
export type Paragraph = { block?: BriefingBlock; before: string; after: string };

export const BLOCKS: BriefingBlock[] = ["persona", "rules", "facts", "aging", "reflection", "memory", "now"];

/** What these hold changes from one briefing to the next though nothing else does. */
export const VOLATILE = new Set<BriefingBlock>(["aging", "reflection", "memory", "now"]);

const HEADINGS: Partial<Record<BriefingBlock, string>> = {
  rules: "## Rules",
  facts: "## Records",
  aging: "## Records that may be out of date",
  reflection: "## Summary of earlier conversations",
  memory: "## Earlier conversations",
  now: "## Now",
};

const PLACEHOLDER = /\{\{\s*(\w+)\s*\}\}/g;

/** A template from the order of blocks alone. */
export function defaultParagraphs(order: BriefingBlock[] = BLOCKS): Paragraph[] {
  return order.map((block) => ({ block, before: HEADINGS[block] ?? "", after: "" }));
}

/** Splits a template at blank lines; a paragraph holds at most one placeholder, on a line of its own. */
export function parseTemplate(template: string): Paragraph[] {
  return template
    .split(/\n[ \t]*\n/)
    .filter((text) => text.trim() !== "")
    .map((text) => {
      const [match] = [...text.matchAll(PLACEHOLDER)];
      if (!match) return { before: text.trim(), after: "" };
      const after = text.slice(match.index + match[0].length);
      return {
        block: match[1] as BriefingBlock,
        before: text.slice(0, match.index).trim(),
        after: after.trim(),
      };
    });
}

/** What is wrong with a template; empty when it is right. */
export function templateProblems(template: string): string[] {
  const paragraphs = template
    .split(/\n[ \t]*\n/)
    .map((text) => [...text.matchAll(PLACEHOLDER)].map((match) => match[1]!));
  const names = paragraphs.flat();
  const unknown = names.filter((name) => !BLOCKS.includes(name as BriefingBlock));
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...unknown.map((name) => `{{${name}}} is not a block; there are ${BLOCKS.join(", ")}`),
    ...twice.map((name) => `{{${name}}} stands twice`),
    ...(paragraphs.some((found) => found.length > 1)
      ? ["two blocks share a paragraph; part them with a blank line"]
      : []),
    ...(names.includes("rules") ? [] : ["{{rules}} is missing: it keeps memory from giving orders"]),
  ];
}

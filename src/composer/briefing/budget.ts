import { AstrocyteError } from "../../core/errors.ts";
import { countTokens } from "../../core/tokens.ts";
import type { BriefingBlock, BriefingLine, LeftOut } from "../types.ts";
import { type Paragraph, VOLATILE } from "./template.ts";

/** A vendor's limit in its own unit; tokens are those of o200k. */
export type Limit = { unit: "tokens" | "characters"; max: number };

/** One line as it is written, and what it stands for; `line` is absent for what is always there. */
export type Written = { text: string; line?: BriefingLine };

/** Lines of a block, the most important first; `open` and `close` stand around them. */
export type BlockText = { lines: Written[]; open?: string; close?: string };

export type Blocks = Partial<Record<BriefingBlock, BlockText>>;

export type Fitted = { text: string; stableCharacters: number; lines: BriefingLine[]; leftOut: LeftOut[] };

/** Who is served first. Facts come before all that changes, so that the start of the text stays the same. */
const PRIORITY: BriefingBlock[] = ["persona", "rules", "facts", "now", "aging", "reflection", "memory"];
const FIXED = new Set<BriefingBlock>(["persona", "rules", "now"]);

/**
 * Fits whole lines into the limits, in the order of PRIORITY; a line that does not fit gives way to a shorter
 * one after it. Errors: `invalid_input` when persona and rules alone are too long.
 */
export function fit(paragraphs: Paragraph[], blocks: Blocks, limits: Limit[]): Fitted {
  const shown = paragraphs.flatMap(({ block }) => block ?? []);
  const taken = new Set<Written>();
  for (const block of shown)
    if (FIXED.has(block)) for (const line of blocks[block]?.lines ?? []) taken.add(line);
  assertFixedFits(sizes(assemble(paragraphs, blocks, taken).text, limits), limits);

  const order = PRIORITY.filter((block) => shown.includes(block) && !FIXED.has(block));
  const optional = order.flatMap((block) => (blocks[block]?.lines ?? []).map((line) => ({ block, line })));
  takeWhatFits(paragraphs, blocks, limits, taken, optional);
  const { text, stableCharacters } = trim(
    paragraphs,
    blocks,
    limits,
    taken,
    optional.map(({ line }) => line),
  );
  const all = optional.flatMap(({ line }) => (line.line ? [{ written: line, line: line.line }] : []));
  return {
    text,
    stableCharacters,
    lines: all.filter(({ written }) => taken.has(written)).map(({ line }) => line),
    leftOut: all
      .filter(({ written }) => !taken.has(written))
      .map(({ line }) => ({ ...line, reason: "budget" })),
  };
}

function takeWhatFits(
  paragraphs: Paragraph[],
  blocks: Blocks,
  limits: Limit[],
  taken: Set<Written>,
  optional: Array<{ block: BriefingBlock; line: Written }>,
): void {
  const used = sizes(assemble(paragraphs, blocks, taken).text, limits);
  const opened = new Set<BriefingBlock>();
  for (const { block, line } of optional) {
    const frame = opened.has(block) ? "" : frameOf(paragraphs, blocks, block);
    const cost = sizes(`${frame}${line.text}\n`, limits);
    if (limits.some(({ max }, index) => used[index]! + cost[index]! > max)) continue;
    for (const index of limits.keys()) used[index]! += cost[index]!;
    opened.add(block);
    taken.add(line);
  }
}

/** What the first line of a block costs besides itself. */
function frameOf(paragraphs: Paragraph[], blocks: Blocks, block: BriefingBlock): string {
  const { before, after } = paragraphs.find((paragraph) => paragraph.block === block)!;
  const { open = "", close = "" } = blocks[block]!;
  return `\n\n${[before, open, close, after].filter(Boolean).join("\n")}\n`;
}

/** Sums of parts may differ from the whole by a token or two: the whole decides. */
function trim(
  paragraphs: Paragraph[],
  blocks: Blocks,
  limits: Limit[],
  taken: Set<Written>,
  optional: Written[],
): { text: string; stableCharacters: number } {
  for (;;) {
    const result = assemble(paragraphs, blocks, taken);
    const size = sizes(result.text, limits);
    const last = optional.findLast((line) => taken.has(line));
    if (!last || limits.every(({ max }, index) => size[index]! <= max)) return result;
    taken.delete(last);
  }
}

function assemble(
  paragraphs: Paragraph[],
  blocks: Blocks,
  taken: Set<Written>,
): { text: string; stableCharacters: number } {
  let text = "";
  let stableCharacters: number | undefined;
  for (const { block, before, after } of paragraphs) {
    const { lines = [], open, close } = (block && blocks[block]) ?? {};
    const chosen = lines.filter((line) => taken.has(line)).map((line) => line.text);
    if (block && chosen.length === 0) continue;
    if (block && VOLATILE.has(block)) stableCharacters ??= text.length;
    const body = chosen.length > 0 ? [open, ...chosen, close] : [];
    const paragraph = [before, ...body, after].filter((part) => part !== undefined && part !== "").join("\n");
    text += text === "" ? paragraph : `\n\n${paragraph}`;
  }
  return { text, stableCharacters: stableCharacters ?? text.length };
}

export function sizes(text: string, limits: Limit[]): number[] {
  return limits.map(({ unit }) => (unit === "tokens" ? countTokens(text) : text.length));
}

function assertFixedFits(size: number[], limits: Limit[]): void {
  for (const [index, { unit, max }] of limits.entries()) {
    if (size[index]! <= max) continue;
    throw new AstrocyteError(
      "invalid_input",
      `[briefing] the persona's prompt and the rules take ${size[index]} of ${max} ${unit}. Shorten the prompt or allow more.`,
      { details: { unit, max, size: size[index] } },
    );
  }
}

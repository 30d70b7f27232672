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

type Size = Record<Limit["unit"], number>;

type Assembled = { text: string; stableCharacters: number };

export type Fitted = Assembled & Size & { lines: BriefingLine[]; leftOut: LeftOut[] };

type Optional = { block: BriefingBlock; written: Written };

/** Who is served first. Facts come before all that changes, so that the start of the text stays the same. */
const PRIORITY: BriefingBlock[] = ["persona", "rules", "facts", "now", "aging", "reflection", "memory"];
const FIXED = new Set<BriefingBlock>(["persona", "rules", "now"]);

/**
 * Fits whole lines into the limits, in the order of PRIORITY; a line that does not fit gives way to a shorter
 * one after it. Errors: `invalid_input` when persona and rules alone are too long.
 */
export function fit(paragraphs: Paragraph[], blocks: Blocks, limits: Limit[]): Fitted {
  const shown = PRIORITY.filter((block) => paragraphs.some((paragraph) => paragraph.block === block));
  const linesOf = (block: BriefingBlock) =>
    (blocks[block]?.lines ?? []).map((written) => ({ block, written }));
  const fixed = shown.filter((block) => FIXED.has(block)).flatMap(linesOf);
  const optional = shown.filter((block) => !FIXED.has(block)).flatMap(linesOf);
  const taken = new Set([...fixed, ...optional].map(({ written }) => written));
  let result = measured(assemble(paragraphs, blocks, taken));
  if (!fits(result, limits)) {
    for (const { written } of optional) taken.delete(written);
    takeWhatFits(paragraphs, blocks, limits, taken, optional);
    result = trim(paragraphs, blocks, limits, taken, optional);
  }
  const lines = optional.flatMap(({ written }) => (written.line ? [{ written, line: written.line }] : []));
  return {
    ...result,
    lines: lines.filter(({ written }) => taken.has(written)).map(({ line }) => line),
    leftOut: lines
      .filter(({ written }) => !taken.has(written))
      .map(({ line }) => ({ ...line, reason: "budget" })),
  };
}

function takeWhatFits(
  paragraphs: Paragraph[],
  blocks: Blocks,
  limits: Limit[],
  taken: Set<Written>,
  optional: Optional[],
): void {
  const used = sizeOf(assemble(paragraphs, blocks, taken).text);
  assertFixedFits(used, limits);
  const opened = new Set<BriefingBlock>();
  for (const { block, written } of optional) {
    const frame = opened.has(block) ? "" : frameOf(paragraphs, blocks, block);
    const cost = sizeOf(`${frame}${written.text}\n`);
    const sum = { tokens: used.tokens + cost.tokens, characters: used.characters + cost.characters };
    if (!fits(sum, limits)) continue;
    Object.assign(used, sum);
    opened.add(block);
    taken.add(written);
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
  optional: Optional[],
): Assembled & Size {
  for (;;) {
    const result = measured(assemble(paragraphs, blocks, taken));
    const last = optional.findLast(({ written }) => taken.has(written));
    if (!last || fits(result, limits)) return result;
    taken.delete(last.written);
  }
}

function assemble(paragraphs: Paragraph[], blocks: Blocks, taken: Set<Written>): Assembled {
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

function sizeOf(text: string): Size {
  return { tokens: countTokens(text), characters: text.length };
}

function measured(assembled: Assembled): Assembled & Size {
  return { ...assembled, ...sizeOf(assembled.text) };
}

function fits(size: Size, limits: Limit[]): boolean {
  return limits.every(({ unit, max }) => size[unit] <= max);
}

function assertFixedFits(size: Size, limits: Limit[]): void {
  for (const { unit, max } of limits) {
    if (size[unit] <= max) continue;
    throw new AstrocyteError(
      "invalid_input",
      `[briefing] the persona's prompt and the rules take ${size[unit]} of ${max} ${unit}. Shorten the prompt or allow more.`,
      { details: { unit, max, size: size[unit] } },
    );
  }
}

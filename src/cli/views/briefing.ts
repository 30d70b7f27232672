import type { Briefing, BriefingLine } from "../../composer/types.ts";
import { briefingJson } from "../../server/present.ts";
import { count, type Ui } from "../output/ui.ts";
import { printable } from "../output/width.ts";
import type { Answer } from "../run.ts";

/** `withText` shows what the vendor gets, word for word. */
export function briefed(briefing: Briefing, withText: boolean): Answer {
  return { data: briefingJson(briefing), text: (ui) => describe(ui, briefing, withText) };
}

/** A briefing as people check it: each line with its origin, then what lost, what was left out, what failed. */
export function describe(ui: Ui, briefing: Briefing, withText = false): string {
  const { text, greeting, tokens, characters, lines, overridden, leftOut, failed } = briefing;
  const parts = [
    ...(withText ? [printable(text, true), ""] : []),
    ui.dim(`${count(tokens, "token")}, ${count(characters, "character")}`),
    ...(greeting === undefined ? [] : [`${ui.bold("Greeting")}  ${printable(greeting)}`]),
    "",
    lines.length === 0 ? "Nothing is known of this person." : linesTable(ui, briefing),
  ];
  if (overridden.length > 0) parts.push("", ui.bold("Overridden by a record"), overriddenTable(ui, briefing));
  if (leftOut.length > 0) parts.push("", ui.bold("Left out"), leftOutTable(ui, briefing));
  if (failed.length > 0) {
    const list = failed.map(({ name, code }) => `${name} (${code})`).join(", ");
    parts.push("", ui.warn(`Failed or late: ${list}`));
  }
  return parts.join("\n");
}

function linesTable(ui: Ui, { lines, composedAt }: Briefing): string {
  return ui.table(
    [{ title: "block" }, { title: "line", grow: true }, { title: "from" }],
    lines.map((line) => [line.block, hushed(line), origin(line, composedAt)]),
  );
}

function overriddenTable(ui: Ui, { overridden }: Briefing): string {
  return ui.table(
    [{ title: "lost, and why", grow: true }, { title: "from" }, { title: "to" }],
    overridden.map(({ text, by, reason, memoryId, field }) => [
      `${text} ${reason}`,
      memoryId ?? (field ? `${field.source}.${field.field}` : "memory, summed up"),
      `${by.source}.${by.field}`,
    ]),
  );
}

function leftOutTable(ui: Ui, { leftOut, composedAt }: Briefing): string {
  return ui.table(
    [{ title: "why" }, { title: "line", grow: true }, { title: "from" }],
    leftOut.map((line) => [line.reason, hushed(line), origin(line, composedAt)]),
  );
}

function hushed({ text, sensitivity }: BriefingLine): string {
  return sensitivity === "private" ? `${text} (private)` : text;
}

function origin({ source, memory }: BriefingLine, now: number): string {
  if (source) return `${source.source}.${source.field}, ${age(source.ageMs)} old`;
  if (!memory) return "memory, summed up";
  const call = memory.sessionId ?? memory.memoryId;
  return `${call}, ${age(now - memory.occurredAt)} ago, ${memory.score.toFixed(2)}`;
}

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "under a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}

import type { BriefingView, Line } from "./api.ts";
import { make } from "./dom.ts";

const LEFT_OUT: Record<string, string> = {
  budget: "no room for it",
  injection: "it reads like an instruction planted in memory",
  superseded: "something newer is known",
};

/** Facts with source and age, memories with the call they came from, what lost, what was left out. */
export function briefingParts(briefing: BriefingView): HTMLElement[] {
  const facts = briefing.lines.filter(({ source }) => source);
  const memories = briefing.lines.filter(({ memory }) => memory);
  const others = briefing.lines.filter(({ source, memory }) => !source && !memory);
  return [
    ...group("Records", facts, (line) => entry(line.text, originOf(line))),
    ...group("Earlier conversations", memories, (line) => entry(line.text, originOf(line))),
    ...group("Summary", others, (line) => entry(line.text)),
    ...group("Overridden by a record", briefing.overridden, ({ text, reason }) => lost(text, reason)),
    ...group("Left out", briefing.left_out, (line) =>
      entry(line.text, originOf(line), LEFT_OUT[line.reason] ?? line.reason),
    ),
    ...group("Not answered", briefing.failed, ({ name, code }) => entry(name, undefined, code)),
  ];
}

function group<T>(title: string, items: T[], show: (item: T) => HTMLElement): HTMLElement[] {
  if (items.length === 0) return [];
  return [make("h3", "", title), make("ol", "", ...items.map(show))];
}

function entry(text: string, origin?: string, warning?: string): HTMLElement {
  return make(
    "li",
    "",
    make("p", "", text),
    ...(origin ? [make("p", "origin", origin)] : []),
    ...(warning ? [make("p", "origin warn", warning)] : []),
  );
}

function lost(text: string, reason: string): HTMLElement {
  const item = entry(text, undefined, reason);
  item.className = "lost";
  return item;
}

function originOf({ source, memory, sensitivity }: Line): string {
  const hush = sensitivity === "open" ? "" : ", not to be said aloud";
  if (source) return `${source.source}.${source.field}, as of ${age(source.age_ms)} ago${hush}`;
  if (!memory) return "";
  const day = new Date(memory.occurred_at).toLocaleDateString(undefined, { dateStyle: "medium" });
  const from = memory.session_id ? ` in call ${memory.session_id}` : "";
  return `Said on ${day}${from}, score ${memory.score.toFixed(2)}`;
}

function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

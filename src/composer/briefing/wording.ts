import { renderAsData } from "../../memory/policy/fence.ts";
import type { MemoryHit } from "../../memory/types.ts";
import { recordDate } from "./claims/dates.ts";
import type { Fact } from "./precedence.ts";

const STEPS: Array<[Intl.RelativeTimeFormatUnit, number]> = [
  ["year", 365 * 86_400_000],
  ["month", 30 * 86_400_000],
  ["week", 7 * 86_400_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** `3 weeks ago`, `yesterday`, `just now`; for people, so only as exact as they would be. */
export function ago(at: number, now: number): string {
  const age = now - at;
  const [unit, size] = STEPS.find(([, ms]) => Math.abs(age) >= ms) ?? [];
  if (!unit || !size) return "just now";
  return relative.format(-Math.floor(age / size), unit);
}

/** `3 weeks ago, in a call`. */
export function whenAndWhere(hit: MemoryHit, now: number): string {
  const place = hit.source === "chat" ? "in a chat" : hit.sessionId ? "in a call" : undefined;
  const source = place ?? (hit.source && `from ${renderAsData(hit.source)}`);
  const who = /^(?:agent|assistant)(?::|$)/.test(hit.speaker ?? "") ? "said by the agent" : undefined;
  return [ago(hit.occurredAt, now), source, who].filter(Boolean).join(", ");
}

/** A field's value as a person would say it; text that came from outside stays on one line and speaks for nobody. */
export function wordValue({ value, attribute }: Fact, language = "en", timeZone = "UTC"): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (attribute?.type === "date") return wordDate(value, language, timeZone);
  if (typeof value === "string") return renderAsData(value);
  if (attribute?.currency) {
    const money = new Intl.NumberFormat(language, { style: "currency", currency: attribute.currency }).format(
      value,
    );
    return attribute.period ? `${money} a ${attribute.period}` : money;
  }
  return attribute?.unit ? `${value} ${attribute.unit}` : String(value);
}

function wordDate(value: string | number, language: string, timeZone: string): string {
  const parts = recordDate(value);
  if (!parts) return renderAsData(String(value));
  const zoned = typeof value === "number" || /T.*(?:Z|[+-]\d{2}:?\d{2})$/.test(value);
  const at = Date.UTC(parts.year!, parts.month! - 1, parts.day!, parts.hour ?? 0, parts.minute ?? 0);
  return new Intl.DateTimeFormat(language, {
    dateStyle: "long",
    ...(parts.hour !== undefined && { timeStyle: "short" }),
    // A time with a zone is shown in the persona's; one without is shown as it stands.
    timeZone: zoned ? timeZone : "UTC",
  }).format(zoned && typeof value === "string" ? Date.parse(value) : at);
}

/** Formats by time zone: making one costs as much as a hundred uses. */
const nowFormats = new Map<string, Intl.DateTimeFormat>();

/** `Thursday, 15 January 2026, 12:00 UTC`. */
export function wordNow(now: number, timeZone = "UTC"): string {
  let format = nowFormats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone });
    nowFormats.set(timeZone, format);
  }
  return `${format.format(now).replace(" at ", ", ")} ${timeZone}`;
}

/** Takes Markdown off for vendors that read it aloud: headings become lines with a colon, marks go. */
export function plain(text: string): string {
  return text
    .replace(/^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$/gm, (_all, title: string) =>
      /[.:?!]$/.test(title) ? title : `${title}:`,
    )
    .replace(/^[ \t]*(?:[-*_][ \t]*){3,}$/gm, "")
    .replace(/^[ \t]*[-*+][ \t]+/gm, "")
    .replace(/^[ \t]*>[ \t]?/gm, "")
    .replace(/^[ \t]*```.*$/gm, "")
    .replace(/!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)/g, "$1")
    .replace(/(\*\*|__)(?=\S)(.{1,200}?)(?<=\S)\1/g, "$2")
    .replace(/(?<![\w*])([*_])(?=\S)([^*_\n]{1,200}?)(?<=\S)\1(?![\w*])/g, "$2")
    .replace(/`([^`\n]{1,200})`/g, "$1")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

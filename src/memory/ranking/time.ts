import { type ParsedResult, parse } from "chrono-node/en";

/** Milliseconds; `to` is exclusive. */
export type TimeSpan = { from: number; to: number };

const DAY = 86_400_000;

/** Words that chrono reads as times although they seldom are one when they stand alone. */
const NOT_A_TIME = /^(now|sun|sat|mon|wed|second|this (second|minute)|at \d+)$/i;
/** Months that are verbs or names as well; times only behind a preposition. */
const AMBIGUOUS_MONTH = /^(may|march|mar|august|april|june)$/i;
const IN_FRONT_OF_MONTH =
  /\b(in|during|since|before|after|until|till|by|of|last|this|early|late|mid|and|from)[ -]$/i;

const RELATION = /\b(before|until|till|prior to|by|after|since|following)\s+(?:the\s+)?$/i;

/** "Currently", "latest", "these days": the question wants the newest state. */
const LATEST =
  /\b(current(ly)?|latest|newest|most recent(ly)?|these days|nowadays|right now|at the moment|still|any ?more|today|(?:the )?last (?:thing|time|one)|now)\b/i;

export function wantsLatest(question: string): boolean {
  return LATEST.test(question);
}

/**
 * The span of time that the words of a question name, seen from `now` (UTC): "last week", "in May 2023",
 * "before June 3rd", "two years ago". Undefined when they name none.
 */
export function timeSpan(question: string, now: number): TimeSpan | undefined {
  const results = parse(question, { instant: new Date(now), timezone: 0 }).filter((result) =>
    isTime(question, result),
  );
  const found = results.find((result) => result.start.isCertain("month")) ?? results[0];
  const year = loneYear(question);
  if (!found) return year && bound(question, year.index, year.span, now);
  const span = spanOf(found, now);
  const next = results[results.indexOf(found) + 1];
  const between = next && /^\s*and\s*$/i.test(question.slice(found.index + found.text.length, next.index));
  if (between) return { from: span.from, to: Math.max(span.to, spanOf(next, now).to) };
  return bound(question, found.index, span, now);
}

function isTime(question: string, result: ParsedResult): boolean {
  if (NOT_A_TIME.test(result.text)) return false;
  return !AMBIGUOUS_MONTH.test(result.text) || IN_FRONT_OF_MONTH.test(question.slice(0, result.index));
}

/** How well `at` fits a span: 1 inside, fading with the distance; softly, as people speak of things later. */
export function proximity(at: number, span: TimeSpan): number {
  const away = at < span.from ? span.from - at : at >= span.to ? at - span.to : 0;
  const scale = Math.max(span.to - span.from, 7 * DAY);
  return Math.exp(-away / scale);
}

/** "in 2022": a year on its own, which chrono leaves alone. */
function loneYear(question: string): { index: number; span: TimeSpan } | undefined {
  const match = /\b(?:in|during|of|since|before|after|until|by)\s+((?:19|20)\d\d)\b/i.exec(question);
  if (!match?.[1]) return undefined;
  const index = match.index + match[0].length - 4;
  return { index, span: { from: Date.UTC(Number(match[1]), 0), to: Date.UTC(Number(match[1]) + 1, 0) } };
}

/** Applies the "before", "after" or "since" that stands in front of a time. */
function bound(question: string, index: number, span: TimeSpan, now: number): TimeSpan {
  const word = RELATION.exec(question.slice(0, index))?.[1]?.toLowerCase();
  if (!word) return span;
  if (word === "since") return { from: span.from, to: Math.max(now, span.to) };
  if (word === "after" || word === "following") return { from: span.to, to: Math.max(now, span.to) };
  return { from: 0, to: word === "before" || word === "prior to" ? span.from : span.to };
}

function spanOf(found: ParsedResult, now: number): TimeSpan {
  const start = found.start.date().getTime();
  const text = found.text.toLowerCase();
  if (found.end) return { from: startOf(start, "day"), to: startOf(found.end.date().getTime(), "day") + DAY };
  if (/\b(past|last|previous)\s+(\d+|two|three|four|five|six|few|couple)\b/.test(text)) {
    return { from: start, to: now };
  }
  const unit = unitOf(found, text);
  const from = startOf(inThePast(start, found, now), unit);
  return /\bago\b/.test(text) && unit !== "day" ? around(start, unit) : { from, to: endOf(from, unit) };
}

type Unit = "day" | "week" | "month" | "year";

function unitOf(found: ParsedResult, text: string): Unit {
  const named = /\b(day|week|month|year)s?\b/.exec(text)?.[1];
  if (named) return named as Unit;
  const certain = (part: "day" | "weekday" | "month") => found.start.isCertain(part);
  if (certain("day") || certain("weekday")) return "day";
  if (certain("month")) return "month";
  return found.start.isCertain("year") ? "year" : "day";
}

/** A month or day without a year means the last one that was, for memory is of the past. */
function inThePast(start: number, found: ParsedResult, now: number): number {
  if (start <= now || found.start.isCertain("year") || !found.start.isCertain("month")) return start;
  const date = new Date(start);
  date.setUTCFullYear(date.getUTCFullYear() - 1);
  return date.getTime();
}

/** "Two months ago" is vague by half its unit on either side. */
function around(at: number, unit: Unit): TimeSpan {
  const half = { day: 0.5, week: 3.5, month: 15, year: 183 }[unit] * DAY;
  return { from: at - half, to: at + half };
}

function startOf(at: number, unit: Unit): number {
  const date = new Date(at);
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  if (unit === "week") return day - ((date.getUTCDay() + 6) % 7) * DAY;
  if (unit === "month") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  return unit === "year" ? Date.UTC(date.getUTCFullYear(), 0) : day;
}

function endOf(from: number, unit: Unit): number {
  if (unit === "day") return from + DAY;
  if (unit === "week") return from + 7 * DAY;
  const date = new Date(from);
  return unit === "month"
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
    : Date.UTC(date.getUTCFullYear() + 1, 0);
}

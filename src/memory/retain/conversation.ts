import { AstrocyteError } from "../../core/errors.ts";
import { toMs } from "../time.ts";
import type { ConversationTurn } from "../types.ts";

/** A turn as it will be stored: `occurredAt` only where the conversation itself tells the time. */
export type Turn = {
  speaker: string;
  text: string;
  occurredAt?: number;
  turnId?: string;
  /** Tells it from an equal turn of the session: the caller's id, or the time as it is written. */
  moment?: string;
};

const LINE =
  /^\s*(?:[[(](?<before>[^\])]{1,40})[\])]\s*[-–]?\s*)?(?<speaker>\p{L}[\p{L}\p{N} ._'’&-]{0,39}?)\s*(?:[[(](?<after>[^\])]{1,40})[\])])?\s*:(?:\s+(?<text>.*))?$/u;

/**
 * Turns of a transcript in plain text: `Anna: hi`, `[10:02] Anna: hi`, `Anna (00:12): hi`. A line without a
 * speaker goes on with the turn before it; with no speaker at all the whole text is one turn without a name.
 * @param start Milliseconds at which the first turn was said.
 */
export function parseConversation(text: string, start: number): Turn[] {
  const lines: Array<{ speaker: string; text: string; stamp: string | undefined }> = [];
  for (const line of text.split(/\r?\n/)) {
    const groups = LINE.exec(line)?.groups;
    const last = lines.at(-1);
    if (groups && isSpeaker(groups.speaker ?? "")) {
      const stamp = groups.before ?? groups.after;
      lines.push({ speaker: groups.speaker ?? "", text: groups.text ?? "", stamp });
    } else if (last) last.text += `\n${line}`;
    else if (line.trim() !== "") lines.push({ speaker: "", text: line, stamp: undefined });
  }
  const times = stampTimes(
    lines.map((line) => line.stamp),
    start,
  );
  return lines.flatMap((line, i) => {
    const occurredAt = times[i];
    const body = line.text.trim();
    if (body === "") return [];
    return [
      {
        speaker: line.speaker,
        text: body,
        ...(occurredAt !== undefined && { occurredAt }),
        ...(line.stamp !== undefined && { moment: line.stamp }),
      },
    ];
  });
}

export function readTurns(turns: ConversationTurn[]): Turn[] {
  return turns.flatMap((turn, i) => {
    if (typeof turn.text !== "string" || typeof turn.speaker !== "string") {
      throw new AstrocyteError(
        "invalid_input",
        `[retain] content[${i}] needs "speaker" and "text" as strings.`,
      );
    }
    if (turn.text.trim() === "") return [];
    const at =
      turn.occurredAt === undefined ? {} : { occurredAt: toMs(turn.occurredAt, `content[${i}].occurredAt`) };
    const moment = turn.id ?? at.occurredAt?.toString();
    return [
      {
        speaker: turn.speaker,
        text: turn.text.trim(),
        ...at,
        ...(turn.id !== undefined && { turnId: turn.id }),
        ...(moment !== undefined && { moment }),
      },
    ];
  });
}

/** Names are short; "One thing I wanted to say: …" is not a speaker. */
function isSpeaker(name: string): boolean {
  return name.trim().split(/\s+/).length <= 4 && !/^(https?|note|ps)$/i.test(name);
}

/**
 * Whole dates are taken as they are, times of day and offsets as distances from the first one, so that neither
 * a time zone nor the kind of the clock matters.
 */
function stampTimes(stamps: Array<string | undefined>, start: number): Array<number | undefined> {
  const clocks = stamps.map((stamp) => (stamp === undefined ? undefined : clock(stamp)));
  const first = clocks.find((value) => value !== undefined);
  const minutesFirst = first?.[0] === 0 || clocks.some((value) => value && (value[0] ?? 0) > 23);
  const origin = first && clockMs(first, minutesFirst);
  let day = 0;
  let previous = 0;
  return stamps.map((stamp, i) => {
    const value = clocks[i];
    if (stamp === undefined) return undefined;
    if (!value || origin === undefined) return dateMs(stamp);
    const distance = clockMs(value, minutesFirst) - origin;
    if (distance + day < previous - 43_200_000) day += 86_400_000;
    previous = distance + day;
    return start + previous;
  });
}

function clock(stamp: string): number[] | undefined {
  const match = /^(\d{1,3}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?\s*([ap])?\.?m?\.?$/i.exec(stamp.trim());
  if (!match) return undefined;
  const parts = [match[1], match[2], match[3]].filter((part) => part !== undefined).map(Number);
  if (match[4]) parts[0] = ((parts[0] ?? 0) % 12) + (match[4].toLowerCase() === "p" ? 12 : 0);
  return parts;
}

function clockMs(parts: number[], minutesFirst: boolean): number {
  const [a = 0, b = 0, c = 0] = parts;
  return (parts.length === 2 && minutesFirst ? a * 60 + b : a * 3600 + b * 60 + c) * 1000;
}

/** Without a zone a date is UTC. */
function dateMs(stamp: string): number | undefined {
  if (!/\d{4}-\d{2}-\d{2}/.test(stamp)) return undefined;
  const ms = Date.parse(/[zZ]$|[+-]\d{2}:?\d{2}$/.test(stamp) ? stamp : `${stamp.replace(" ", "T")}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

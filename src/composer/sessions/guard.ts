import { AstrocyteError } from "../../core/errors.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow } from "../store.ts";
import type { Persona } from "../types.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Minutes and money a day, per principal. Called before anything is billed. Errors: `quota_exceeded`. */
export async function assertWithinBudget(
  parts: ComposerParts,
  row: SessionRow,
  persona: Persona,
): Promise<void> {
  const { dailyMinutes, dailyCents } = persona.limits;
  if (dailyMinutes === undefined && dailyCents === undefined) return;
  const usedMs = await usedToday(parts, row);
  if (dailyMinutes !== undefined && usedMs >= dailyMinutes * MINUTE_MS)
    throw spent(`${dailyMinutes} minutes`);
  const price = parts.adapters.get(row.vendor)?.capabilities.centsPerMinute ?? 0;
  if (dailyCents !== undefined && (usedMs / MINUTE_MS) * price >= dailyCents) {
    throw spent(`${dailyCents} cents`);
  }
}

/** Milliseconds that a vendor's clock ran for this principal since midnight UTC. */
async function usedToday(parts: ComposerParts, row: SessionRow): Promise<number> {
  const now = parts.clock.now();
  const midnight = now - (now % DAY_MS);
  let used = 0;
  let after: string | undefined;
  for (;;) {
    const filter = {
      principal: row.principal,
      vendor: row.vendor,
      createdAfter: midnight - DAY_MS,
      limit: 500,
    };
    const page = await parts.store.sessions.list({ ...filter, ...(after && { after }) });
    for (const other of page) used += runtimeSince(other, midnight, now);
    if (page.length < filter.limit) return used;
    after = page.at(-1)!.id;
  }
}

/** How long a session ran after `since`, in milliseconds. */
export function runtimeSince(row: SessionRow, since: number, now: number): number {
  if (row.openedAt === null) return 0;
  return Math.max(0, (row.endedAt ?? now) - Math.max(row.openedAt, since));
}

export function tooMany(max: number): AstrocyteError {
  return new AstrocyteError(
    "rate_limited",
    `[sessions] ${max} session(s) of this principal are open already. End one first, or raise limits.max_concurrent.`,
    { details: { max } },
  );
}

function spent(what: string): AstrocyteError {
  return new AstrocyteError(
    "quota_exceeded",
    `[sessions] the day's ${what} are used up. Try again after midnight UTC, or raise the persona's limits.`,
  );
}

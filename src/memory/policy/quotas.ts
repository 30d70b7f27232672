import type { Clock } from "../../core/clock.ts";
import { toIso } from "../../core/clock.ts";
import { AstrocyteError } from "../../core/errors.ts";
import type { GovernanceStore } from "../store.ts";
import type { Operation } from "./policy.ts";

export type Limited = "retain" | "recall" | "reflect" | "forget";
export type Limits = {
  perMinute: Partial<Record<Limited, number>>;
  perDay: Partial<Record<Limited, number>>;
};

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Operations that are another one in other clothes share its limits. */
const COUNTED_AS: Partial<Record<Operation, Limited>> = {
  retain: "retain",
  import: "retain",
  recall: "recall",
  history: "recall",
  reflect: "reflect",
  forget: "forget",
  purge: "forget",
};

/**
 * Counts a call against its bank's limits, in fixed windows of the clock in UTC (a day is a UTC day). Counters
 * are the store's: shared by all processes and kept over a restart. Without limits there is no store call.
 */
export function createQuotas(
  store: Pick<GovernanceStore, "consume">,
  clock: Clock,
  limitsFor: (bankId: string) => Limits,
): (operation: Operation, bankId: string, amount: number) => Promise<void> {
  return async (operation, bankId, amount) => {
    const counted = COUNTED_AS[operation];
    if (counted === undefined || amount <= 0) return;
    const { perMinute, perDay } = limitsFor(bankId);
    const windows = [
      { limit: perMinute[counted], size: MINUTE, unit: "minute", code: "rate_limited" },
      { limit: perDay[counted], size: DAY, unit: "day", code: "quota_exceeded" },
    ] as const;
    for (const { limit, size, unit, code } of windows) {
      if (limit === undefined) continue;
      const now = clock.now();
      const start = now - (now % size);
      const { allowed } = await store.consume(`${counted}/${unit}/${bankId}`, start, amount, limit);
      if (!allowed) throw exceeded({ code, counted, unit, limit, amount, reset: start + size, now });
    }
  };
}

type Excess = {
  code: "rate_limited" | "quota_exceeded";
  counted: Limited;
  unit: string;
  limit: number;
  amount: number;
  reset: number;
  now: number;
};

function exceeded({ code, counted, unit, limit, amount, reset, now }: Excess): AstrocyteError {
  const what = `[quota] The bank's limit of ${limit} ${counted} calls a ${unit} is used up`;
  const details = { operation: counted, limit, retryAfterMs: reset - now };
  return new AstrocyteError(code, `${what}. Try again at ${toIso(reset)} or raise the limit.`, {
    details,
    // What is larger than the whole limit never passes.
    ...(amount > limit ? { retryable: false } : {}),
  });
}

import type { Clock } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";

export const LATE = Symbol("late");

export type Deadline = {
  /** What the work gives, or `LATE` when the time is over first. Errors: the work's own, `cancelled`. */
  wait<T>(work: Promise<T>): Promise<T | typeof LATE>;
  /** Fires at the deadline and when the caller gives up. */
  readonly signal: AbortSignal;
  /** Lets the timer go; call it when nothing waits any more. */
  end(): void;
};

/** @param ms From now; undefined for no limit. */
export function startDeadline(clock: Clock, ms: number | undefined, caller?: AbortSignal): Deadline {
  const over = new AbortController();
  const cancelTimer = ms === undefined ? undefined : clock.after(ms, () => over.abort(LATE));
  const signal = caller ? AbortSignal.any([over.signal, caller]) : over.signal;
  const stopped = new Promise<typeof LATE>((resolve, reject) => {
    const stop = () => (over.signal.aborted ? resolve(LATE) : reject(cancelled()));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  stopped.catch(() => {});
  return {
    wait: (work) => Promise.race([work, stopped]),
    signal,
    end: () => cancelTimer?.(),
  };
}

function cancelled(): AstrocyteError {
  return new AstrocyteError(
    "cancelled",
    "[memory] the caller gave up. Call again if the answer is still wanted.",
  );
}

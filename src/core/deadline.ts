import type { Clock } from "./clock.ts";
import { AstrocyteError, type ErrorCode } from "./errors.ts";

export type DeadlineOptions = {
  clock: Clock;
  /** Milliseconds; no limit when absent. */
  timeoutMs?: number | undefined;
  /** The caller's own wish to stop. */
  signal?: AbortSignal | undefined;
  /** Code of the error when time is up; `deadline_exceeded` when absent. */
  code?: ErrorCode;
  /** Start of the messages: area and work, e.g. `[llm.openai] completion`. */
  what: string;
};

/** A signal that the caller or the time aborts, with the `AstrocyteError` as its reason. Call `done` after. */
export type Deadline = { signal: AbortSignal; done(): void };

export function startDeadline(options: DeadlineOptions): Deadline {
  const { clock, timeoutMs, signal, code = "deadline_exceeded", what } = options;
  const controller = new AbortController();
  const cancel = () =>
    controller.abort(new AstrocyteError("cancelled", `${what} was cancelled by the caller.`));
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  const expire = () =>
    controller.abort(
      new AstrocyteError(code, `${what} took longer than ${timeoutMs} ms. Try again or allow more time.`),
    );
  const stop = timeoutMs === undefined ? undefined : clock.after(timeoutMs, expire);
  return {
    signal: controller.signal,
    done() {
      stop?.();
      signal?.removeEventListener("abort", cancel);
    },
  };
}

/** Runs `work` until it settles, the time is up, or the caller cancels; `work` gets the signal of the latter two. */
export async function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, done } = startDeadline(options);
  try {
    return await raceAbort(work(signal), signal);
  } finally {
    done();
  }
}

/** The promise, or the signal's reason if that comes first. */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

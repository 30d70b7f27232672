/** Time in milliseconds since the Unix epoch, and timers; injected so that tests never sleep. */
export type Clock = {
  now(): number;
  /** Calls `run` once after `ms`; the timer never keeps the process alive. Returns its cancel. */
  after(ms: number, run: () => void): () => void;
};

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref?.();
    return () => clearTimeout(timer);
  },
};

/** UTC ISO 8601, the form of every time at the edge. */
export function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

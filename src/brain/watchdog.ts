import type { Clock } from "../core/clock.ts";

export type Watchdog = { beat(): void; stop(): void };

/** Calls `onSilence` whenever nothing has happened for `ms`: one timer, however often it is told of a beat. */
export function watch(clock: Clock, ms: number, onSilence: () => void): Watchdog {
  let last = clock.now();
  let stopped = false;
  let cancel = clock.after(ms, check);
  function check(): void {
    const left = last + ms - clock.now();
    if (left <= 0) onSilence();
    if (!stopped) cancel = clock.after(left > 0 ? left : ms, check);
  }
  return {
    beat() {
      last = clock.now();
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}

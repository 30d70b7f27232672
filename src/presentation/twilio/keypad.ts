import type { Clock } from "../../core/clock.ts";

const MAX_KEYS = 64;

/** Collects keys into what was entered: until `#`, or a pause. */
export class Keypad {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #entered: (keys: string) => void;
  #keys = "";
  #cancel: () => void = () => {};

  constructor(clock: Clock, pauseMs: number, entered: (keys: string) => void) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    this.#entered = entered;
  }

  press(key: string): void {
    if (!/^[0-9A-D*#]$/.test(key)) return;
    this.#cancel();
    this.#keys += key;
    if (key === "#" || this.#keys.length >= MAX_KEYS) this.enter();
    else this.#cancel = this.#clock.after(this.#pauseMs, () => this.enter());
  }

  /** What was pressed until now is complete. */
  enter(): void {
    const keys = this.#keys;
    this.stop();
    if (keys !== "") this.#entered(keys);
  }

  /** Forgets what was not yet entered. */
  stop(): void {
    this.#cancel();
    this.#keys = "";
  }
}

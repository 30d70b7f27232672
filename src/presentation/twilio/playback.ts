import type { Clock } from "../../core/clock.ts";

/** Time that a character takes to speak, in milliseconds: about 150 words a minute. */
const MS_PER_CHARACTER = 65;

/** What the caller has heard of what we sent, from what Twilio tells of it; by estimate where it tells nothing. */
export class Playback {
  readonly #clock: Clock;
  #played = "";
  #speaking: boolean | undefined;
  #endsAt = 0;
  #sending = false;
  #waiting: Array<() => void> = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Text that is on its way to be spoken. */
  sent(text: string): void {
    this.#sending = true;
    this.#endsAt = Math.max(this.#endsAt, this.#clock.now()) + text.length * MS_PER_CHARACTER;
  }

  /** The person speaks: nothing of before is still to be heard. */
  reset(): void {
    this.#played = "";
    this.#speaking = undefined;
    this.#sending = false;
    this.#stopped();
  }

  /** An `info` event; one that comes late tells of nothing that is still sent. Played tokens come piece by piece, or as all of them so far: both are understood. */
  told(name: string, value: string): void {
    if (!this.#sending) return;
    if (name === "tokensPlayed")
      this.#played = value.startsWith(this.#played) ? value : `${this.#played} ${value}`;
    if (name !== "agentSpeaking") return;
    this.#speaking = value === "on";
    if (!this.#speaking) this.#stopped();
  }

  /** What was heard of a speech that the caller broke off by hanging up; `undefined` when it is not known, or all. */
  heard(): string | undefined {
    return this.#played === "" || this.#speaking === false ? undefined : this.#played;
  }

  /** Resolves when everything is spoken, as far as can be told, and after `limitMs` anyway. */
  quiet(limitMs: number): Promise<void> {
    const left = Math.min(limitMs, this.#endsAt - this.#clock.now());
    if (left <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(left, resolve);
      this.#waiting.push(() => {
        cancel();
        resolve();
      });
    });
  }

  #stopped(): void {
    this.#endsAt = 0;
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

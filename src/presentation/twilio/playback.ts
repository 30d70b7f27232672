import type { Clock } from "../../core/clock.ts";

/** Time that a character takes to speak, in milliseconds: about 150 words a minute. */
const MS_PER_CHARACTER = 65;
/** How much longer than twice the estimate we wait for Twilio to say that it has spoken. */
const SLACK_MS = 2_000;

/** What the caller has heard of what we sent, from what Twilio tells of it; by estimate where it tells nothing. */
export class Playback {
  readonly #clock: Clock;
  /** True when Twilio was asked to tell who speaks. */
  readonly #told: boolean;
  #played = "";
  #speaking = false;
  /** Something was sent and not yet played to its end, as far as Twilio told. */
  #pending = false;
  /** When everything will have been spoken. */
  #endsAt = 0;
  #waiting: Array<() => void> = [];

  constructor(clock: Clock, told: boolean) {
    this.#clock = clock;
    this.#told = told;
  }

  /** Text that is on its way to be spoken. */
  sent(text: string): void {
    this.#pending = true;
    this.#endsAt = Math.max(this.#endsAt, this.#clock.now()) + text.length * MS_PER_CHARACTER;
  }

  /** The person speaks: nothing of before is still to be heard. */
  reset(): void {
    this.#played = "";
    this.#endsAt = 0;
    this.#stopped();
  }

  /** An `info` event; one that comes late tells of nothing. Played tokens come by pieces, or all of them so far. */
  told(name: string, value: string): void {
    if (!this.#pending) return;
    if (name === "tokensPlayed")
      this.#played = value.startsWith(this.#played) ? value : `${this.#played} ${value}`;
    if (name !== "agentSpeaking") return;
    this.#speaking = value === "on";
    if (!this.#speaking) this.#stopped();
  }

  /**
   * What was heard of a speech that the caller broke off by hanging up; `undefined` when Twilio does not tell, or
   * when there was time for all of it: its last word is told too late.
   */
  heard(): string | undefined {
    return this.#played === "" || this.#clock.now() >= this.#endsAt ? undefined : this.#played;
  }

  /** Resolves when everything is spoken, as far as can be told, and after `limitMs` anyway. */
  quiet(limitMs: number): Promise<void> {
    const left = Math.max(0, this.#endsAt - this.#clock.now());
    if (!this.#pending || (left === 0 && !this.#speaking)) return Promise.resolve();
    const longest = this.#told ? 2 * left + SLACK_MS : left;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(Math.min(limitMs, longest), resolve);
      this.#waiting.push(() => {
        cancel();
        resolve();
      });
    });
  }

  #stopped(): void {
    this.#pending = false;
    this.#speaking = false;
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

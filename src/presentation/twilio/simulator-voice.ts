import type { Clock } from "../../core/clock.ts";

type Utterance = { text: string; closed: boolean; at: number };

/** What the person heard of one utterance; `cut` when the rest was thrown away. */
export type Heard = { text: string; cut: boolean };

export type VoiceEvents = {
  speaking(on: boolean): void;
  played(words: string): void;
  heard(heard: Heard): void;
};

/** Twilio's text-to-speech: plays what it is given word by word, at a steady pace by the clock. */
export class SimulatedVoice {
  readonly #clock: Clock;
  readonly #wordMs: number;
  readonly #events: VoiceEvents;
  #queue: Utterance[] = [];
  #cancel: (() => void) | undefined;
  #speaking = false;

  constructor(clock: Clock, wordsPerSecond: number, events: VoiceEvents) {
    this.#clock = clock;
    this.#wordMs = 1000 / wordsPerSecond;
    this.#events = events;
  }

  /** Words of the current utterance that were played. */
  get playedWords(): number {
    return this.#played().split(/\s+/).filter(Boolean).length;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  add(token: string, last: boolean): void {
    const open = this.#queue.at(-1);
    if (open && !open.closed) Object.assign(open, { text: open.text + token, closed: last });
    else if (token !== "") this.#queue.push({ text: token, closed: last, at: 0 });
    this.#schedule();
  }

  /** Falls silent and throws the rest away. What was played of the current utterance; `undefined` when silent. */
  cut(): string | undefined {
    if (this.#queue.length === 0) return undefined;
    const text = this.#played();
    this.#cancel?.();
    this.#cancel = undefined;
    this.#queue = [];
    this.#turn(false);
    this.#events.heard({ text, cut: true });
    return text;
  }

  #played(): string {
    const [current] = this.#queue;
    return current ? current.text.slice(0, current.at).trim() : "";
  }

  #schedule(): void {
    if (this.#cancel || !this.#next()) return;
    this.#turn(true);
    this.#cancel = this.#clock.after(this.#wordMs, () => {
      this.#cancel = undefined;
      this.#step();
      this.#schedule();
    });
  }

  /** Where the next whole word ends. */
  #next(): { end: number } | undefined {
    const [current] = this.#queue;
    if (!current) return undefined;
    const rest = current.text.slice(current.at);
    const word = (current.closed ? /^\s*\S+/ : /^\s*\S+(?=\s)/).exec(rest);
    if (word) return { end: current.at + word[0].length };
    return current.closed ? { end: current.text.length } : undefined;
  }

  #step(): void {
    const [current] = this.#queue;
    const next = this.#next();
    if (!current || !next) return;
    const words = current.text.slice(current.at, next.end).trim();
    current.at = next.end;
    if (words !== "") this.#events.played(words);
    if (!current.closed || current.text.slice(current.at).trim() !== "") return;
    this.#queue.shift();
    if (this.#queue.length === 0) this.#turn(false);
    this.#events.heard({ text: current.text.trim(), cut: false });
  }

  #turn(on: boolean): void {
    if (this.#speaking === on) return;
    this.#speaking = on;
    this.#events.speaking(on);
  }
}

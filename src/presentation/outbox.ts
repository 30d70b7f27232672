import type { Clock } from "../core/clock.ts";
import type { PresentationEvent } from "./adapter.ts";

const ATTEMPTS = 5;
const WAIT_MS = 200;

/** Hands events over one after the other, in order, each again when it was not taken. */
export class Outbox {
  readonly #send: (events: PresentationEvent[]) => Promise<void>;
  readonly #clock: Clock;
  #last: Promise<void> = Promise.resolve();

  constructor(send: (events: PresentationEvent[]) => Promise<void>, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Resolves once the event is durable; rejects with the last error when it could not be made so. */
  push(event: PresentationEvent): Promise<void> {
    const sent = this.#last.then(() => this.#deliver(event));
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** When everything that was pushed is through, one way or the other. */
  idle(): Promise<void> {
    return this.#last;
  }

  async #deliver(event: PresentationEvent): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#send([event]);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await new Promise<void>((resolve) => void this.#clock.after(WAIT_MS * attempt, resolve));
      }
    }
  }
}

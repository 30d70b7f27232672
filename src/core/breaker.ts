import type { Clock } from "./clock.ts";
import { AstrocyteError } from "./errors.ts";

export type BreakerOptions = {
  /** Start of the message, e.g. `llm.openai`. */
  area: string;
  clock: Clock;
  /** Failures in a row that open it; 5 when absent. */
  failureThreshold?: number;
  /** Milliseconds until a probe is let through; 30 000 when absent. */
  recoveryMs?: number;
};

/** What a call ended with; nothing when it succeeded. */
export type Settle = (error?: unknown) => void;

/**
 * Spares a part that keeps failing: after some failures in a row calls fail at once with `circuit_open`;
 * after a pause one probe decides. Only retryable errors count: a wrong request says nothing about the part.
 */
export class CircuitBreaker {
  readonly #options: Required<BreakerOptions>;
  #failures = 0;
  #openedAt: number | undefined;
  #probing = false;

  constructor(options: BreakerOptions) {
    this.#options = { failureThreshold: 5, recoveryMs: 30_000, ...options };
  }

  get state(): "closed" | "open" | "half_open" {
    if (this.#openedAt === undefined) return "closed";
    return this.#recoversIn() > 0 ? "open" : "half_open";
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const settle = this.enter();
    try {
      const result = await work();
      settle();
      return result;
    } catch (error) {
      settle(error);
      throw error;
    }
  }

  /** For calls that end later than a promise does, such as streams. Throws `circuit_open`. */
  enter(): Settle {
    const probe = this.state === "half_open" && !this.#probing;
    if (this.state !== "closed" && !probe) throw this.#openError();
    if (probe) this.#probing = true;
    let settled = false;
    return (error) => {
      if (settled) return;
      settled = true;
      if (probe) this.#probing = false;
      this.#record(error, probe);
    };
  }

  #record(error: unknown, probe: boolean): void {
    if (AstrocyteError.is(error, "cancelled")) return;
    if (error === undefined || (AstrocyteError.is(error) && !error.retryable)) {
      this.#failures = 0;
      this.#openedAt = undefined;
    } else if (probe || ++this.#failures >= this.#options.failureThreshold) {
      this.#openedAt = this.#options.clock.now();
    }
  }

  #recoversIn(): number {
    return (this.#openedAt ?? 0) + this.#options.recoveryMs - this.#options.clock.now();
  }

  #openError(): AstrocyteError {
    const retryAfterMs = Math.max(0, this.#recoversIn());
    return new AstrocyteError(
      "circuit_open",
      `[${this.#options.area}] failed several times in a row and is spared for now. Try again later.`,
      { details: { retryAfterMs } },
    );
  }
}

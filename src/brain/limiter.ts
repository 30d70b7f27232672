import { AstrocyteError } from "../core/errors.ts";

/** Requests at a time by name, so that one caller cannot take what all share. */
export class Limiter {
  readonly #running = new Map<string, number>();

  /** Errors: `rate_limited`. Returns the release. */
  enter(name: string, limit: number): () => void {
    const running = this.#running.get(name) ?? 0;
    if (running >= limit)
      throw new AstrocyteError(
        "rate_limited",
        `[brain] more than ${limit} requests at a time with this key. Wait for some to end.`,
        { details: { limit, retryAfterMs: 1_000 } },
      );
    this.#running.set(name, running + 1);
    return () => {
      const left = this.#running.get(name)! - 1;
      if (left > 0) this.#running.set(name, left);
      else this.#running.delete(name);
    };
  }
}

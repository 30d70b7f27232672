import type { Clock } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";

const MAX_KNOWN = 10_000;
const MINUTE_MS = 60_000;

/** A token bucket for each caller: so many a minute, and a tenth of that at once. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#burst = Math.max(5, Math.ceil(perMinute / 10));
  }

  /** Errors: `rate_limited` with `details.retryAfterMs`. */
  spend(id: string): void {
    const bucket = this.#refill(id);
    if (bucket.tokens < 1) throw limited(Math.ceil(((1 - bucket.tokens) * MINUTE_MS) / this.#perMinute));
    bucket.tokens--;
  }

  #refill(id: string): { tokens: number; at: number } {
    const now = this.#clock.now();
    const known = this.#buckets.get(id) ?? { tokens: this.#burst, at: now };
    const gained = ((now - known.at) * this.#perMinute) / MINUTE_MS;
    const bucket = { tokens: Math.min(this.#burst, known.tokens + gained), at: now };
    this.#buckets.delete(id);
    this.#buckets.set(id, bucket);
    // The one that was quiet for longest is full again anyhow.
    if (this.#buckets.size > MAX_KNOWN) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket;
  }
}

function limited(retryAfterMs: number): AstrocyteError {
  return new AstrocyteError("rate_limited", "[gateway] too many requests. Wait, then send fewer.", {
    details: { retryAfterMs },
  });
}

import { type Clock, systemClock } from "../../../core/clock.ts";
import { sha256 } from "../../../core/secrets.ts";

/** Calls of more texts than this are writes, which do not come again. */
const MAX_TEXTS = 2;
const MAX_ENTRIES = 256;
const KEEP_MS = 30_000;

/**
 * Vectors of queries for 30 to 60 seconds: vendors ask the same again within a turn. At most 1 MB, keyed by a
 * hash, and gone when the time is up, so that nothing of a forgotten text stays here.
 */
export class VectorCache {
  readonly #clock: Clock;
  #young = new Map<string, Float32Array>();
  #old = new Map<string, Float32Array>();
  #stop: (() => void) | undefined;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Copies of all vectors, or undefined when one is missing. */
  get(texts: string[]): Float32Array[] | undefined {
    if (texts.length === 0 || texts.length > MAX_TEXTS) return undefined;
    const found: Float32Array[] = [];
    for (const text of texts) {
      const key = sha256(text);
      const vector = this.#young.get(key) ?? this.#old.get(key);
      if (!vector) return undefined;
      found.push(vector.slice());
    }
    return found;
  }

  put(texts: string[], vectors: Float32Array[]): void {
    if (texts.length > MAX_TEXTS) return;
    for (const [index, text] of texts.entries()) this.#young.set(sha256(text), vectors[index]!.slice());
    if (this.#young.size > MAX_ENTRIES) this.#age();
    else this.#stop ??= this.#clock.after(KEEP_MS, () => this.#age());
  }

  clear(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#young = new Map();
    this.#old = new Map();
  }

  #age(): void {
    this.#stop?.();
    this.#old = this.#young;
    this.#young = new Map();
    this.#stop = this.#old.size > 0 ? this.#clock.after(KEEP_MS, () => this.#age()) : undefined;
  }
}

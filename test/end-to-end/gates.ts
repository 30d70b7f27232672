export type Held = { /** Somebody stands there. */ reached: Promise<void>; release(): void };

type Gate = { arrive(): void; opened: Promise<void> };

/** Points outside of the gateway where whoever comes by next can be stopped, so that a test acts just then. */
export class Gates {
  readonly #held = new Map<string, Gate>();

  hold(name: string): Held {
    const reached = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    this.#held.set(name, { arrive: reached.resolve, opened: opened.promise });
    return { reached: reached.promise, release: opened.resolve };
  }

  async pass(name: string): Promise<void> {
    const gate = this.#held.get(name);
    if (!gate) return;
    this.#held.delete(name);
    gate.arrive();
    await gate.opened;
  }
}

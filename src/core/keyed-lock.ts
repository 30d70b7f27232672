/** Runs `work` when every earlier work that shares one of `keys` has ended. */
export type KeyedLock = <T>(keys: Iterable<string>, work: () => Promise<T>) => Promise<T>;

/** Waiting is taken up for all keys at once, so that two works can never wait for each other. */
export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<unknown>>();
  return async (keys, work) => {
    const held = [...new Set(keys)];
    const before = Promise.all(held.map((key) => tails.get(key)));
    const running = before.then(work);
    const ended = running.then(
      () => {},
      () => {},
    );
    for (const key of held) tails.set(key, ended);
    try {
      return await running;
    } finally {
      for (const key of held) if (tails.get(key) === ended) tails.delete(key);
    }
  };
}

import type { ClientEvents } from "./types.ts";

type Name = keyof ClientEvents;
type Listener<K extends Name> = (event: ClientEvents[K]) => void;
type Channel<K extends Name> = { listeners: Set<Listener<K>>; early: Array<ClientEvents[K]> };
type Channels = { [K in Name]: Channel<K> };

/** Events that nobody listens to yet are kept for the first listener, up to this many. */
const MAX_EARLY = 200;

/** Typed events; one listener's failure is not the next one's. */
export class Emitter {
  readonly #channels: Channels = {
    transcript: { listeners: new Set(), early: [] },
    state: { listeners: new Set(), early: [] },
    tool: { listeners: new Set(), early: [] },
    error: { listeners: new Set(), early: [] },
  };

  /** Returns the unsubscribe. */
  on<K extends Name>(name: K, listener: Listener<K>): () => void {
    const { listeners, early } = this.#channels[name];
    listeners.add(listener);
    for (const event of early.splice(0)) call(listener, event);
    return () => listeners.delete(listener);
  }

  emit<K extends Name>(name: K, event: ClientEvents[K]): void {
    const { listeners, early } = this.#channels[name];
    for (const listener of listeners) call(listener, event);
    if (listeners.size === 0 && early.length < MAX_EARLY) early.push(event);
  }
}

function call<T>(listener: (event: T) => void, event: T): void {
  try {
    listener(event);
  } catch (error) {
    // The page's mistake: shown where the page's mistakes are shown.
    queueMicrotask(() => {
      throw error;
    });
  }
}

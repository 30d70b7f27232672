import type { ConnectOptions, Host } from "./types.ts";

/** The browser's own, where the page gave nothing else. */
export function hostOf({ host = {} }: Pick<ConnectOptions, "host">): Host {
  const browser: Partial<Window> | undefined = typeof window === "undefined" ? undefined : window;
  return {
    fetch: (input, init) => fetch(input, init),
    WebSocket: globalThis.WebSocket,
    page: browser as Host["page"],
    storage: sessionStorageOf(browser),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    ...host,
  };
}

/** Reading the property alone throws where the page may store nothing. */
function sessionStorageOf(browser: Partial<Window> | undefined): Host["storage"] {
  try {
    return browser?.sessionStorage;
  } catch {
    return undefined;
  }
}

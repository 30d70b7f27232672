import { connect, type Join, type ToolEvent } from "../../src/client/index.ts";
import { FakeDailyCall } from "../../src/presentation/tavus/simulator-daily.ts";

export type Opened = { session_id: string; session_token: string; join: Join };

/** The scripted person in front of the page; the page is `astrocyte/client`, as in a browser. */
export type Guest = {
  /** What the agent says next. */
  hear(): Promise<string>;
  say(text: string): void;
  /** The next tool call that was answered. */
  toolDone(): Promise<ToolEvent>;
  leave(): Promise<void>;
};

export async function joinRoom(baseUrl: string, opened: Opened): Promise<Guest> {
  const { session_id: sessionId, session_token: sessionToken, join } = opened;
  // Daily's room is simulated with the rest of Tavus; our own room needs nothing.
  const daily = join.kind === "daily" ? new FakeDailyCall() : undefined;
  const page = await connect({ baseUrl, sessionId, sessionToken, join, ...(daily && { daily }) });
  const heard = queue<string>();
  const done = queue<ToolEvent>();
  page.on("transcript", ({ role, text, final, heard: spoken }) => {
    // Once it is whole; what is told of it later repeats it.
    if (role === "agent" && final && spoken === undefined) heard.push(text);
  });
  page.on("tool", (event) => {
    if (event.status !== "running") done.push(event);
  });
  page.on("error", (error) => {
    heard.push(`(${error.message})`);
  });
  return {
    hear: heard.next,
    say: (text) => (daily ? daily.speak(text) : void page.respond(text)),
    toolDone: done.next,
    leave: () => page.end("person_hung_up"),
  };
}

/** Hands out what comes, in order, to whoever asks. */
function queue<T>(): { push(item: T): void; next(): Promise<T> } {
  const items: T[] = [];
  const waiting: Array<(item: T) => void> = [];
  return {
    push(item) {
      const waiter = waiting.shift();
      if (waiter) waiter(item);
      else items.push(item);
    },
    next: () =>
      items.length > 0 ? Promise.resolve(items.shift()!) : new Promise((resolve) => waiting.push(resolve)),
  };
}

import type { ServerResponse } from "node:http";
import type { Composer } from "../composer/composer.ts";
import type { Clock } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";
import { eventJson } from "./present.ts";

/** How often events of other processes are looked for, and how long a silent stream goes without a comment. */
const POLL_MS = 2_000;
const POLLS_PER_COMMENT = 8;
const PAGE = 200;
/** Nothing more comes after these. */
const LAST = new Set(["settled", "failed"]);

export type StreamRequest = {
  sessionId: string;
  /** The last `seq` that the reader has. */
  after: number;
  /** The reader's credential, for its limit. */
  caller: string;
  response: ServerResponse;
  headers: Record<string, string>;
};

/** Sessions' events as server-sent events. The store is read, never a buffer: nothing is lost or told twice. */
export class EventStreams {
  readonly #composer: Composer;
  readonly #clock: Clock;
  readonly #perCaller: number;
  readonly #open = new Map<() => void, string>();

  constructor(composer: Composer, clock: Clock, perCaller: number) {
    this.#composer = composer;
    this.#clock = clock;
    this.#perCaller = perCaller;
  }

  /** Errors: `rate_limited` when the caller has too many open. */
  assertRoom(caller: string): void {
    const mine = [...this.#open.values()].filter((other) => other === caller).length;
    if (mine < this.#perCaller) return;
    throw new AstrocyteError("rate_limited", `[gateway] ${mine} event streams are open. Close one first.`);
  }

  start({ sessionId, after, caller, response, headers }: StreamRequest): void {
    const composer = this.#composer;
    let last = after;
    let running = false;
    let again = false;
    let silent = 0;
    let stopTimer = () => {};

    const close = () => {
      if (!this.#open.delete(close)) return;
      unsubscribe();
      stopTimer();
      response.end();
    };
    /** Writes what is new; one pass at a time. */
    const pump = async () => {
      again = true;
      if (running) return;
      running = true;
      try {
        while (again && this.#open.has(close)) {
          again = false;
          const events = await composer.events(sessionId, last, PAGE);
          for (const event of events) {
            last = event.seq;
            silent = 0;
            if (!(await write(response, frame(eventJson(event))))) return close();
            if (LAST.has(event.type)) return close();
          }
          if (events.length === PAGE) again = true;
        }
      } catch {
        // The reader comes back with what it has.
        close();
      } finally {
        running = false;
      }
    };
    const tick = () => {
      stopTimer = this.#clock.after(POLL_MS, tick);
      silent = (silent + 1) % POLLS_PER_COMMENT;
      if (silent === 0) response.write(": still here\n\n");
      void pump();
    };

    this.#open.set(close, caller);
    const unsubscribe = composer.subscribe((event) => {
      if (event.sessionId === sessionId) void pump();
    });
    response.on("close", close);
    response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.write("retry: 1000\n\n");
    stopTimer = this.#clock.after(POLL_MS, tick);
    void pump();
  }

  closeAll(): void {
    for (const close of [...this.#open.keys()]) close();
  }
}

function frame(event: ReturnType<typeof eventJson>): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Waits for a slow reader; false when it has gone. */
function write(response: ServerResponse, text: string): Promise<boolean> {
  if (response.destroyed || response.writableEnded) return Promise.resolve(false);
  if (response.write(text)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = (alive: boolean) => () => {
      response.off("drain", drained).off("close", gone);
      resolve(alive);
    };
    const drained = done(true);
    const gone = done(false);
    response.once("drain", drained).once("close", gone);
  });
}

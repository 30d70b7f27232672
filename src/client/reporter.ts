import type { Gateway } from "./gateway.ts";
import { ClientError, type Host } from "./types.ts";

const GATHER_MS = 1_000;
const MAX_WAIT_MS = 15_000;
const MAX_EVENTS = 50;
/** A browser sends no more than 64 KB while the page goes away. */
const MAX_BYTES = 48_000;
const MAX_QUEUE = 1_000;

export type Reporter = {
  add(message: Record<string, unknown>): void;
  /** Sends what is there now; for a page that goes away. */
  flush(): void;
  /** Resolves when all is sent, or cannot be. */
  close(): Promise<void>;
};

/**
 * Sends the vendor's messages to the server in batches, in the vendor's order. A batch that fails is sent again
 * as it was, so that the server recognises it.
 */
export function createReporter(
  gateway: Gateway,
  host: Host,
  onError: (error: ClientError) => void,
): Reporter {
  const queue: Array<Record<string, unknown>> = [];
  let batch: Array<Record<string, unknown>> | undefined;
  let cancel: (() => void) | undefined;
  let wait = GATHER_MS;
  let sending: Promise<void> | undefined;

  function schedule(): void {
    if (cancel || sending || (queue.length === 0 && !batch)) return;
    cancel = host.after(wait, () => void send());
  }

  function send(): Promise<void> {
    cancel?.();
    cancel = undefined;
    sending ??= post().finally(() => {
      sending = undefined;
      schedule();
    });
    return sending;
  }

  async function post(): Promise<void> {
    batch ??= take();
    if (batch.length > 0) {
      try {
        await gateway.report(batch, false);
        wait = GATHER_MS;
      } catch (error) {
        if (mayHelpLater(error)) {
          wait = Math.min(wait * 2, MAX_WAIT_MS);
          return;
        }
        onError(error as ClientError);
      }
    }
    batch = undefined;
  }

  function take(): Array<Record<string, unknown>> {
    queue.sort((a, b) => (seqOf(a) === seqOf(b) ? 0 : seqOf(a) - seqOf(b)));
    let bytes = 0;
    let count = 0;
    while (count < queue.length && count < MAX_EVENTS) {
      bytes += sizeOf(queue[count]!);
      if (count > 0 && bytes > MAX_BYTES) break;
      count++;
    }
    return queue.splice(0, count);
  }

  return {
    add(message) {
      if (queue.length >= MAX_QUEUE) {
        queue.shift();
        onError(
          new ClientError("reports_dropped", "The gateway is unreachable; the oldest events were dropped."),
        );
      }
      queue.push(message);
      schedule();
    },
    flush() {
      cancel?.();
      cancel = undefined;
      // What is under way is sent once more, since the page may not live to see it fail: the server takes it once.
      for (const last of [batch ?? [], take()]) {
        if (last.length > 0) void gateway.report(last, true).catch(() => {});
      }
    },
    async close() {
      if (sending) await sending;
      while (queue.length > 0 || batch) {
        const before = queue.length + (batch?.length ?? 0);
        await send();
        if (queue.length + (batch?.length ?? 0) >= before) break;
      }
      cancel?.();
      cancel = undefined;
      queue.length = 0;
    },
  };
}

/** Bad input stays bad input; everything else may be over soon. */
function mayHelpLater(error: unknown): boolean {
  const code = error instanceof ClientError ? error.code : "";
  return ![
    "invalid_input",
    "not_supported",
    "gone",
    "not_found",
    "unauthenticated",
    "payload_too_large",
  ].includes(code);
}

function seqOf(message: Record<string, unknown>): number {
  return typeof message["seq"] === "number" ? message["seq"] : Number.POSITIVE_INFINITY;
}

function sizeOf(message: Record<string, unknown>): number {
  return new TextEncoder().encode(JSON.stringify(message)).length;
}

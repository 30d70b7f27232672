import type { Gateway } from "./gateway.ts";
import { readEvents } from "./sse.ts";
import { ClientError, type Host } from "./types.ts";

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15_000;
/** After these the server says nothing more that a page can use. */
const OVER = new Set(["ending", "ended", "failed", "settled"]);

export type Instructions = {
  /** A message that the server wants on the data channel, each once. */
  send(message: Record<string, unknown>): void;
  /** Something was said; what, is in the transcript. */
  turn(): void;
  ended(reason: string): void;
};

/**
 * Follows the session's events, and comes back where it was cut off: the place is kept over a reload, so that
 * nothing is said twice. From the start, what the server had to say before the page came is said then.
 * Returns its stop.
 */
export function followInstructions(
  gateway: Gateway,
  host: Host,
  sessionId: string,
  sink: Instructions,
): () => void {
  const place = `astrocyte.${sessionId}.event`;
  const abort = new AbortController();
  let last = read(host, place);
  let wait = FIRST_WAIT_MS;

  function take(id: string | undefined, type: string, text: string): boolean {
    wait = FIRST_WAIT_MS;
    const { data = {} } = parse(text);
    // The place first: an instruction that fails is not repeated on and on.
    if (id !== undefined) {
      last = id;
      write(host, place, id);
    }
    if (type === "client_instruction" && isRecord(data["message"])) sink.send(data["message"]);
    if (type === "turn") sink.turn();
    if (!OVER.has(type)) return true;
    sink.ended(typeof data["reason"] === "string" ? data["reason"] : type);
    return false;
  }

  async function follow(): Promise<boolean> {
    const stream = await gateway.events(last, abort.signal);
    if (!stream) {
      sink.ended("ended");
      return false;
    }
    for await (const { id, type, data } of readEvents(stream)) if (!take(id, type, data)) return false;
    return true;
  }

  async function run(): Promise<void> {
    while (!abort.signal.aborted) {
      try {
        if (!(await follow())) return;
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error instanceof ClientError && REFUSED.has(error.code)) return sink.ended(error.code);
      }
      await new Promise<void>((resolve) => {
        const cancel = host.after(wait, resolve);
        const stop = () => {
          cancel();
          resolve();
        };
        abort.signal.addEventListener("abort", stop, { once: true });
      });
      wait = Math.min(wait * 2, MAX_WAIT_MS);
    }
  }

  void run();
  return () => abort.abort();
}

const REFUSED = new Set(["gone", "not_found", "unauthenticated", "access_denied"]);

function parse(text: string): { data?: Record<string, unknown> } {
  try {
    const event: unknown = JSON.parse(text);
    return isRecord(event) && isRecord(event["data"]) ? { data: event["data"] } : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Storage may be forbidden; then a reload starts from the beginning. */
function read(host: Host, key: string): string | undefined {
  try {
    return host.storage?.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(host: Host, key: string, value: string): void {
  try {
    host.storage?.setItem(key, value);
  } catch {
    // As above.
  }
}

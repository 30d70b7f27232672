import type { Clock } from "../../core/clock.ts";
import type { VendorSocket } from "../adapter.ts";
import { type FromTwilio, readMessage, type ToTwilio } from "./messages.ts";

/** Bytes that may wait before the model is read no further. */
const HIGH_WATER = 65_536;
const POLL_MS = 50;
/** A socket that takes nothing for this long is dead. */
const STALL_MS = 10_000;
/** Twilio speaks at once. */
const SILENT_MS = 10_000;
const MAX_MESSAGE_BYTES = 65_536;

export type LineEvents = {
  message(message: FromTwilio): void;
  /** Once. */
  closed(): void;
};

/** One WebSocket with Twilio: messages in and out, and no more waiting in it than it can carry. */
export class Line {
  readonly #socket: VendorSocket;
  readonly #clock: Clock;
  readonly #events: LineEvents;
  readonly #cancelSilence: () => void;
  #open = true;

  constructor(socket: VendorSocket, clock: Clock, events: LineEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.#cancelSilence = clock.after(SILENT_MS, () => this.close(1008, "nothing was said"));
    socket.on("message", (data) => this.#read(data));
    socket.on("close", () => this.#closed());
    socket.on("error", () => this.#closed());
  }

  send(message: ToTwilio): void {
    if (this.#open) this.#socket.send(JSON.stringify(message));
  }

  /** Resolves when the socket can take more; nothing to wait for when it can already. */
  drained(): Promise<void> | undefined {
    return this.#backedUp() ? this.#drain() : undefined;
  }

  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#socket.close(code, reason);
    this.#closed();
  }

  async #drain(): Promise<void> {
    for (let waited = 0; this.#backedUp(); waited += POLL_MS) {
      if (waited >= STALL_MS) return this.close(1011, "stalled");
      await new Promise<void>((resolve) => void this.#clock.after(POLL_MS, resolve));
    }
  }

  #backedUp(): boolean {
    return this.#open && this.#socket.bufferedAmount > HIGH_WATER;
  }

  #read(data: Buffer): void {
    if (!this.#open) return;
    const message = data.length > MAX_MESSAGE_BYTES ? undefined : readMessage(data);
    if (!message) return;
    this.#cancelSilence();
    this.#events.message(message);
  }

  #closed(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cancelSilence();
    this.#events.closed();
  }
}

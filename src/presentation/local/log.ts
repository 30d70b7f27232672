import { type Clock, toIso } from "../../core/clock.ts";
import { LIMITS } from "./limits.ts";
import type { RoomEvent, RoomEventBody } from "./protocol.ts";

/**
 * What the room told the page, for one that comes back. Of an utterance in progress the newest state is kept,
 * of a finished one the end.
 */
export class RoomLog {
  readonly #clock: Clock;
  #seq = 0;
  #events: RoomEvent[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(body: RoomEventBody): RoomEvent {
    const event: RoomEvent = { seq: ++this.#seq, at: toIso(this.#clock.now()), ...body };
    if (body.type === "utterance" || body.type === "utterance.delta") this.#dropDelta(body.id);
    this.#events.push(event);
    if (this.#events.length > LIMITS.log) this.#events.shift();
    return event;
  }

  after(seq: number): RoomEvent[] {
    return this.#events.filter((event) => event.seq > seq);
  }

  #dropDelta(id: string): void {
    const at = this.#events.findLastIndex((event) => event.type === "utterance.delta" && event.id === id);
    if (at >= 0) this.#events.splice(at, 1);
  }
}

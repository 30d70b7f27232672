import type { Clock } from "../../core/clock.ts";
import { toAstrocyteError } from "../../core/errors.ts";
import type { HttpClient } from "../../core/http.ts";
import type { Logger } from "../../core/telemetry.ts";
import type { Binding, PresentationEvent, VendorBriefing, VendorPersona, VendorTurn } from "../adapter.ts";
import { Agent } from "../agent.ts";
import { Outbox } from "../outbox.ts";
import { RoomLog } from "./log.ts";
import type { RoomCommand, RoomEvent, RoomEventBody } from "./protocol.ts";

export type RoomParts = {
  id: string;
  briefing: VendorBriefing;
  persona: VendorPersona;
  binding: Binding;
  http: HttpClient;
  clock: Clock;
  logger: Logger;
  sink(sessionId: string, events: PresentationEvent[]): Promise<void>;
  /** Called once, when the room is closed. */
  onClosed(): void;
};

/** The page's side of a room. */
export type Visitor = { send(event: RoomEvent): void; close(reason: string): void };

/** One call: who is there, what is said, and when it is over. Lives in memory: a restart of the process ends it. */
export class Room {
  readonly id: string;
  readonly sessionId: string;
  readonly marker: string;
  readonly createdAt: number;
  readonly #parts: RoomParts;
  readonly #log: RoomLog;
  readonly #outbox: Outbox;
  readonly #agent: Agent;
  readonly #known = new Set<string>();
  readonly #cancelLimit: () => void;
  #cancelWait: () => void;
  #visitor: Visitor | undefined;
  #greeted = false;
  #closing: Promise<void> | undefined;
  #lastAt = 0;

  constructor(parts: RoomParts) {
    const { id, briefing, persona, binding, clock, logger, http } = parts;
    this.id = id;
    this.sessionId = binding.sessionId;
    this.marker = binding.marker;
    this.createdAt = clock.now();
    this.#parts = parts;
    this.#log = new RoomLog(clock);
    this.#outbox = new Outbox((events) => parts.sink(binding.sessionId, events), clock);
    this.#agent = new Agent({
      briefing: briefing.text,
      persona,
      binding,
      clock,
      logger,
      http,
      keyPrefix: "agent-",
      utter: ({ key: id, text }) => this.#post({ type: "utterance.delta", id, role: "agent", text }),
      spoke: (turn) => void this.#record(turn),
      relay: ({ toolCallId: tool_call_id, name, arguments: args }) =>
        this.#post({ type: "tool_call", tool_call_id, name, arguments: args }),
      failed: (error) => this.#post({ type: "error", ...error }),
    });
    const { maxDurationMs, absentTimeoutMs } = binding.limits;
    this.#cancelLimit = clock.after(maxDurationMs, () => void this.#over("max_duration"));
    this.#cancelWait = clock.after(absentTimeoutMs, () => void this.#over("nobody_came"));
  }

  /** Lets the person in, instead of whoever was in by the same credential, and tells what was missed. */
  enter(visitor: Visitor, after: number): void {
    const before = this.#visitor;
    this.#cancelWait();
    for (const event of this.#log.after(after)) visitor.send(event);
    this.#visitor = visitor;
    before?.close("joined from elsewhere");
    if (!this.#greeted) this.#post({ type: "joined", who: "agent" });
    // Always, so that a page which comes back to silence knows that it is in.
    this.#post({ type: "joined", who: "person" });
    if (!before) this.#tell({ type: "joined", who: "person", at: this.#now() });
    if (!this.#greeted) this.#greet();
  }

  exit(visitor: Visitor): void {
    if (this.#visitor !== visitor) return;
    this.#visitor = undefined;
    if (this.#closing) return;
    this.#post({ type: "left", who: "person" });
    this.#tell({ type: "left", who: "person", at: this.#now() });
    const { leftTimeoutMs } = this.#parts.binding.limits;
    this.#cancelWait = this.#parts.clock.after(leftTimeoutMs, () => void this.#over("everybody_left"));
  }

  async obey(command: Exclude<RoomCommand, { type: "join" | "leave" }>): Promise<void> {
    if (this.#closing) return;
    switch (command.type) {
      case "utterance":
        return this.#hear(command.id, command.text);
      case "interrupt":
        return this.#agent.interrupt();
      case "say":
        return this.#agent.say(command.text);
      case "append_context":
        return this.#agent.addContext(command.text);
      case "tool_result":
        return this.#agent.toolResult(command.tool_call_id, command);
    }
  }

  /** Answers a text as if it had been said, without making it words of the person. */
  respond(text: string): void {
    void this.#agent.hear(text);
  }

  /** Idempotent. Returns when everything that was said is durable. */
  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    this.#agent.interrupt();
    this.#cancelLimit();
    this.#cancelWait();
    this.#parts.onClosed();
    await this.#outbox.idle();
    this.#post({ type: "ended", reason });
    this.#visitor?.close("ended");
    this.#visitor = undefined;
  }

  /** The room ends of itself, and says so. */
  async #over(reason: string): Promise<void> {
    if (this.#closing) return;
    const closing = this.close(reason);
    this.#tell({ type: "ended", reason, at: this.#now() });
    await closing;
  }

  #greet(): void {
    this.#greeted = true;
    const { greeting } = this.#parts.briefing;
    if (greeting !== undefined) this.#agent.say(greeting);
  }

  /** The agent falls silent at once; it answers when what the person said is durable. A repeat is ignored. */
  async #hear(id: string, text: string): Promise<void> {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    this.#agent.interrupt();
    const kept = await this.#record({ key: `person-${id}`, role: "user", text, at: this.#now() });
    if (!kept) this.#known.delete(id);
    else if (!this.#closing) await this.#agent.hear(text);
  }

  /** True once the turn is durable; then the page is told. */
  async #record(turn: VendorTurn): Promise<boolean> {
    const { key, text, role, interrupted, heard } = turn;
    try {
      await this.#outbox.push({ type: "turn", turn: { ...turn, at: this.#later(turn.at) } });
    } catch (error) {
      this.#lost(error);
      return false;
    }
    const id = key.replace(/^person-/, "");
    const cut = { ...(interrupted && { interrupted }), ...(heard !== undefined && { heard }) };
    this.#post({ type: "utterance", id, role: role === "user" ? "user" : "agent", text, ...cut });
    return true;
  }

  #tell(event: PresentationEvent): void {
    this.#outbox.push(event).catch((error) => this.#lost(error));
  }

  #lost(error: unknown): void {
    const { code } = toAstrocyteError(error);
    this.#parts.logger.error({ sessionId: this.sessionId, code }, "an event of a local room was not stored");
    const message = `[local] what was said could not be stored (${code}). Say it again.`;
    this.#post({ type: "error", code, message });
  }

  #post(body: RoomEventBody): void {
    const event = this.#log.add(body);
    this.#visitor?.send(event);
  }

  #now(): number {
    return this.#parts.clock.now();
  }

  /** Turns of one millisecond keep their order. */
  #later(at = this.#now()): number {
    this.#lastAt = Math.max(at, this.#lastAt + 1);
    return this.#lastAt;
  }
}

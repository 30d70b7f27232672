import { toAstrocyteError } from "../../core/errors.ts";
import type { HttpClient } from "../../core/http.ts";
import { newId } from "../../core/ids.ts";
import type {
  AdapterDeps,
  PresentationEvent,
  SessionCommand,
  SocketCall,
  VendorSocket,
  VendorTurn,
} from "../adapter.ts";
import { Agent } from "../agent.ts";
import { Outbox } from "../outbox.ts";
import { type TwilioConfig, type TwilioPersona, twilioPersona } from "./config.ts";
import { Keypad } from "./keypad.ts";
import { Line } from "./line.ts";
import type { FromTwilio } from "./messages.ts";
import { Playback } from "./playback.ts";
import { Transfer } from "./transfer.ts";

/** The longest last words before a call is handed over, in milliseconds. */
const LAST_WORDS_MS = 60_000;

export type RelayParts = AdapterDeps & { config: TwilioConfig; http: HttpClient };

/** The agent's side of one telephone call. It outlives its socket: a call that is connected again goes on. */
export class Relay {
  readonly #parts: RelayParts;
  readonly #call: SocketCall;
  readonly #block: TwilioPersona;
  readonly #prefix: string;
  readonly #agent: Agent;
  readonly #outbox: Outbox;
  readonly #playback: Playback;
  readonly #keypad: Keypad;
  readonly #transfer: Transfer;
  readonly #times = new Map<string, number>();
  #line: Line | undefined;
  /** Our words are on their way, and not yet closed by `last`. */
  #talking = false;
  #greeted: boolean;
  #over = false;
  #prompts = 0;
  #lastAt = 0;

  constructor(parts: RelayParts, call: SocketCall) {
    const { clock, logger, http, config, sink } = parts;
    const { persona, binding, turns } = call;
    this.#parts = parts;
    this.#call = call;
    this.#block = twilioPersona.parse(persona.vendor);
    this.#prefix = newId("relay", clock);
    this.#greeted = turns.length > 0;
    this.#outbox = new Outbox((events) => sink(binding.sessionId, events), clock);
    this.#playback = new Playback(clock, config.events.includes("speaker-events"));
    this.#keypad = new Keypad(clock, config.dtmf_pause_ms, (keys) => this.#pressed(keys));
    this.#transfer = new Transfer(this.#block.transfers);
    this.#agent = new Agent({
      ...{ persona, binding, http, clock, logger },
      before: turns,
      keyPrefix: `${this.#prefix}-agent-`,
      own: this.#transfer.tools,
      utter: (_speech, piece) => this.#utter(piece),
      spoke: (turn) => this.#spoke(turn),
      failed: () => this.#apologise(),
    });
  }

  /** Takes the call's socket, in place of an earlier one. */
  attach(socket: VendorSocket): void {
    const before = this.#line;
    let begun = false;
    const line = new Line(socket, this.#parts.clock, {
      message: (message) => {
        if (this.#line !== line || this.#refused(line, message)) return;
        if (!begun) this.#begin();
        begun = true;
        this.#take(message);
      },
      closed: () => this.#detached(line, begun),
    });
    this.#line = line;
    before?.close(1000, "connected again");
  }

  /** True while somebody can hear us. */
  get isConnected(): boolean {
    return this.#line !== undefined && !this.#over;
  }

  command(command: SessionCommand): void {
    if (command.kind === "append_context") this.#agent.addContext(command.text);
    if (command.kind === "say") this.#agent.say(command.text);
    if (command.kind === "respond") this.#answer(command.text);
  }

  /** Idempotent. With `gently` what is being said is heard out. Returns when everything that was said is durable. */
  async end(gently: boolean): Promise<void> {
    const first = !this.#over;
    this.#over = true;
    this.#keypad.stop();
    if (first && gently && this.#line) await this.#playback.quiet(this.#parts.config.goodbye_ms);
    this.#agent.interrupt(this.#playback.heard());
    this.#line?.send({ type: "end" });
    this.#line?.close(1000, "ended");
    await this.#outbox.idle();
  }

  /** True for the socket of another call. One that is not yet open by our record may have any id. */
  #refused(line: Line, message: FromTwilio): boolean {
    const { vendorSessionId } = this.#call.session;
    if (message.type !== "setup" || vendorSessionId === "" || message.callSid === vendorSessionId)
      return false;
    line.close(1008, "another call");
    return true;
  }

  #begin(): void {
    const { greeting } = this.#call.briefing;
    this.#tell({ type: "joined", who: "person", at: this.#parts.clock.now() });
    // Twilio speaks it: `welcomeGreeting`.
    if (!this.#greeted && greeting !== undefined) {
      this.#playback.sent(greeting);
      this.#agent.said("greeting", greeting);
    } else void this.#agent.resume().then(() => this.#handOver());
    this.#greeted = true;
  }

  #take(message: FromTwilio): void {
    if (this.#over) return;
    switch (message.type) {
      case "prompt":
        // What is not final may still change.
        if (!message.last || message.words === "") break;
        this.#keypad.enter();
        void this.#hear(message.words);
        break;
      case "interrupt":
        this.#interrupted(message.heard);
        break;
      case "dtmf":
        if (this.#block.dtmf !== "ignore") this.#keypad.press(message.digit);
        break;
      case "info":
        this.#playback.told(message.name, message.value);
        break;
      case "error":
        this.#refusedMessage();
        break;
    }
  }

  /** The description may quote what was said. */
  #refusedMessage(): void {
    const { sessionId } = this.#call.binding;
    this.#parts.logger.warn({ sessionId }, "Twilio did not take a message");
    this.#tell({ type: "other", name: "relay_error", facts: {} });
  }

  /** Twilio has thrown away what it had not yet spoken: nothing more of it is sent. */
  #interrupted(heard: string | undefined): void {
    this.#talking = false;
    this.#agent.interrupt(heard);
    this.#listen();
  }

  /** The agent falls silent at once; it answers when what the person said is durable. */
  async #hear(words: string): Promise<void> {
    this.#agent.interrupt();
    this.#listen();
    const key = `${this.#prefix}-person-${++this.#prompts}`;
    const kept = await this.#record({ key, role: "user", text: words, at: this.#parts.clock.now() });
    if (this.#over) return;
    if (kept) this.#answer(words);
    else this.#apologise();
  }

  /** What was said as the line broke is answered on the next one. */
  #answer(words: string): void {
    if (this.#line) void this.#agent.hear(words).then(() => this.#handOver());
    else this.#agent.listen(words);
  }

  #listen(): void {
    if (this.#transfer.cancel())
      this.#agent.addContext("The caller went on speaking, so the call was not handed over.");
    this.#playback.reset();
  }

  #pressed(keys: string): void {
    if (this.#block.dtmf === "turn") void this.#hear(`(pressed ${keys} on the telephone)`);
    else this.#agent.addContext(`The caller pressed ${keys} on the telephone.`);
  }

  /** Ends our part once the agent's last words are heard, unless the caller goes on. */
  async #handOver(): Promise<void> {
    const { handoff } = this.#transfer;
    if (!handoff || this.#over) return;
    await this.#playback.quiet(LAST_WORDS_MS);
    if (this.#transfer.handoff !== handoff || this.#over) return;
    const { session, binding } = this.#call;
    try {
      // From here on the call is not ours to hang up.
      await binding.onResource({ kind: "handoff", id: session.vendorSessionId });
    } catch {
      return this.#apologise();
    }
    this.#over = true;
    this.#line?.send({ type: "end", handoffData: JSON.stringify(handoff) });
  }

  #apologise(): void {
    if (!this.#over && this.#line) this.#agent.say(this.#block.apology);
  }

  #utter(piece: string): Promise<void> | undefined {
    this.#talking = true;
    this.#playback.sent(piece);
    this.#line?.send({ type: "text", token: piece, last: false });
    return this.#line?.drained();
  }

  #spoke(turn: VendorTurn): void {
    if (this.#talking) this.#line?.send({ type: "text", token: "", last: true });
    this.#talking = false;
    void this.#record(turn);
  }

  #detached(line: Line, begun: boolean): void {
    if (this.#line !== line) return;
    this.#line = undefined;
    this.#talking = false;
    this.#keypad.stop();
    if (this.#over || !begun) return;
    this.#agent.interrupt(this.#playback.heard());
    this.#listen();
    this.#tell({ type: "left", who: "person", at: this.#parts.clock.now() });
  }

  /** True once the turn is durable. */
  async #record(turn: VendorTurn): Promise<boolean> {
    try {
      await this.#outbox.push({ type: "turn", turn: { ...turn, at: this.#timeOf(turn) } });
      return true;
    } catch (error) {
      this.#lost(error);
      return false;
    }
  }

  #tell(event: PresentationEvent): void {
    this.#outbox.push(event).catch((error) => this.#lost(error));
  }

  #lost(error: unknown): void {
    const { code } = toAstrocyteError(error);
    const { sessionId } = this.#call.binding;
    this.#parts.logger.error({ sessionId, code }, "an event of a telephone call was not stored");
  }

  /** Turns of one millisecond keep their order, and a corrected one its place. */
  #timeOf({ key, at = this.#parts.clock.now() }: VendorTurn): number {
    const known = this.#times.get(key);
    if (known !== undefined) return known;
    this.#lastAt = Math.max(at, this.#lastAt + 1);
    this.#times.set(key, this.#lastAt);
    return this.#lastAt;
  }
}

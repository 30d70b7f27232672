import type { CallStatus } from "./api.ts";
import { type RelayEnd, SimulatedRelay } from "./simulator-relay.ts";
import { readTwiml, type Verb } from "./simulator-twiml.ts";
import type { Heard } from "./simulator-voice.ts";
import type { SimulatedWorld } from "./simulator-world.ts";

export type CallFacts = {
  sid: string;
  direction: "inbound" | "outbound-api";
  from: string;
  to: string;
  createdAt: number;
  /** Where changes of the state are told, and which. */
  statusCallback?: { url: string; events: string[] };
};

/** One telephone call at Twilio, and the person at its end. */
export class PhoneCall {
  readonly facts: CallFacts;
  status: CallStatus = "queued";
  /** What the agent said, as far as the person heard it. */
  readonly heard: Heard[] = [];
  /** What `<Say>` said. */
  readonly announced: string[] = [];
  /** Documents that Twilio was given, newest last. */
  readonly twiml: string[] = [];
  /** Every ConversationRelay of the call, newest last. */
  readonly relays: SimulatedRelay[] = [];
  /** The number that the call was handed over to. */
  handedTo: string | undefined;
  readonly #world: SimulatedWorld;
  #listened = 0;
  #waiting: Array<() => void> = [];
  #sessions = 0;

  constructor(world: SimulatedWorld, facts: CallFacts) {
    this.#world = world;
    this.facts = facts;
  }

  get isOver(): boolean {
    return !["queued", "initiated", "ringing", "in-progress"].includes(this.status);
  }

  /** The person says something; the agent is cut short where it may be. */
  say(words: string): void {
    this.#relay().say(words);
  }

  /** The person cuts in once this many words of what is being said were played. */
  async interruptAfter(words: number): Promise<void> {
    const { voice } = this.#relay();
    await this.until(() => voice.playedWords >= words);
    this.#relay().interrupt();
  }

  press(keys: string): void {
    for (const digit of keys) this.#relay().send({ type: "dtmf", digit });
  }

  /** Resolves when our socket is open, and the person may speak. */
  async connected(): Promise<void> {
    await this.until(() => this.isOver || this.relays.at(-1)?.connected === true);
  }

  /** The next thing that the agent says, once it was heard or cut off. */
  async listen(): Promise<Heard> {
    await this.until(() => this.heard.length > this.#listened);
    return this.heard[this.#listened++]!;
  }

  async hangUp(): Promise<void> {
    await this.end("completed");
  }

  /** Twilio loses our socket in the middle of the call. */
  dropSocket(): void {
    this.#relay().drop();
  }

  /** Resolves when it holds; asked again after everything that happens. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Every state that a call goes through is told to whoever wants to know. */
  async change(status: CallStatus): Promise<void> {
    if (this.isOver) return;
    this.status = status;
    this.#happened();
    const { statusCallback: callback } = this.facts;
    const event = status === "in-progress" ? "answered" : this.isOver ? "completed" : status;
    if (callback?.events.includes(event))
      await this.#world.post(callback.url, { ...this.#parameters(), CallStatus: status });
  }

  async end(status: CallStatus): Promise<void> {
    this.relays.at(-1)?.hangUp();
    await this.change(status);
  }

  /** Runs a document; at its end the call is over. */
  async run(twiml: string): Promise<void> {
    this.twiml.push(twiml);
    const { verbs, problems } = readTwiml(twiml, this.#world.switches.attributeSpelling);
    for (const { code, message } of problems) this.#world.report(code, message, this.facts.sid);
    this.#happened();
    for (const verb of verbs) {
      if (this.isOver) return;
      const next = await this.#execute(verb);
      if (next !== undefined) return this.run(next);
      if (this.handedTo !== undefined) return;
    }
    await this.end("completed");
  }

  /** A document that takes the place of this one, if any. */
  async #execute(verb: Verb): Promise<string | undefined> {
    switch (verb.verb) {
      case "Say":
        this.announced.push(verb.text);
        return undefined;
      case "Dial":
        this.handedTo = verb.number;
        this.#happened();
        return undefined;
      case "Hangup":
        await this.end("completed");
        return undefined;
      case "Connect": {
        const relay = this.#connect(verb);
        const end = await relay.over;
        this.#happened();
        if (verb.action === undefined) return undefined;
        return this.#world.post(verb.action, { ...this.#parameters(), ...this.#relayEnd(relay, end) });
      }
    }
  }

  #connect({ relay: order }: Extract<Verb, { verb: "Connect" }>): SimulatedRelay {
    const { sid, from, to, direction } = this.facts;
    const { clock, authToken, accountSid, switches } = this.#world;
    const relay = new SimulatedRelay({
      ...{ clock, authToken, order },
      wordsPerSecond: switches.wordsPerSecond,
      durationAsText: switches.durationAsText,
      played: switches.played,
      setup: {
        ...{ sessionId: this.#sessionId(1), accountSid, callSid: sid, from, to, direction },
        ...{ parentCallSid: "", forwardedFrom: "", callType: "PSTN", callerName: "" },
        callStatus: direction === "inbound" ? "RINGING" : "IN-PROGRESS",
      },
      heard: (heard) => {
        this.heard.push(heard);
        this.#happened();
      },
      happened: () => this.#happened(),
      invalid: (message) => this.#world.report(64107, `Invalid message received: ${message}`, sid),
    });
    this.relays.push(relay);
    return relay;
  }

  #relayEnd(relay: SimulatedRelay, { status, handoffData, errorCode }: RelayEnd): Record<string, string> {
    if (errorCode !== undefined)
      this.#world.report(errorCode, "Unable to connect to websocket", this.facts.sid);
    return {
      SessionId: this.#sessionId(0),
      SessionStatus: status,
      SessionDuration: String(relay.durationSeconds),
      ...(handoffData !== undefined && { HandoffData: handoffData }),
      ...(errorCode !== undefined && { ErrorCode: String(errorCode) }),
    };
  }

  #sessionId(step: number): string {
    this.#sessions += step;
    return `VX${this.facts.sid.slice(2, -2)}${String(this.#sessions).padStart(2, "0")}`;
  }

  #relay(): SimulatedRelay {
    const relay = this.relays.at(-1);
    if (!relay || this.isOver) throw new Error("the call is not connected");
    return relay;
  }

  #parameters(): Record<string, string> {
    return this.#world.parameters(this);
  }

  #happened(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

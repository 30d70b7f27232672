import { WebSocket } from "ws";
import type { Clock } from "../../core/clock.ts";
import { twilioSignature } from "./signature.ts";
import type { RelayOrder } from "./simulator-twiml.ts";
import { type Heard, SimulatedVoice } from "./simulator-voice.ts";

/** How a ConversationRelay was over. `ended`: by our `end`, or the caller's hanging up; `failed`: the socket was lost. */
export type RelayEnd = { status: "ended" | "failed"; handoffData?: string; errorCode?: number };

export type RelayOptions = {
  clock: Clock;
  authToken: string;
  order: RelayOrder;
  setup: Record<string, unknown>;
  wordsPerSecond: number;
  /** Unconfirmed shapes (contract §E.2, §I.3). */
  durationAsText: boolean;
  played: "pieces" | "all";
  heard(heard: Heard): void;
  /** Something changed. */
  happened(): void;
  /** A message that is not to the protocol: 64107. */
  invalid(message: string): void;
};

/** With `applicationReconnect`: how often and how many times it dials again, and what it keeps meanwhile (§E.2). */
const REDIAL_MS = 1_000;
const REDIALS = 30;
const MAX_KEPT = 500;

const FIELDS: Record<string, Record<string, "string" | "boolean" | "number">> = {
  text: {
    token: "string",
    last: "boolean",
    lang: "string",
    interruptible: "boolean",
    preemptible: "boolean",
  },
  play: { source: "string", loop: "number", preemptible: "boolean", interruptible: "boolean" },
  sendDigits: { digits: "string" },
  language: { ttsLanguage: "string", transcriptionLanguage: "string" },
  end: { handoffData: "string" },
};
const REQUIRED: Record<string, string> = { text: "token", play: "source", sendDigits: "digits" };

/** Twilio's end of one WebSocket with an application. */
export class SimulatedRelay {
  /** Every message of ours, as it came. */
  readonly received: Array<Record<string, unknown>> = [];
  /** Tokens that came after an interruption and before the next words: thrown away. */
  readonly late: string[] = [];
  readonly over: Promise<RelayEnd>;
  readonly voice: SimulatedVoice;
  connected = false;
  readonly #options: RelayOptions;
  #socket: WebSocket;
  #redials = 0;
  #isOver = false;
  readonly #kept: string[] = [];
  readonly #startedAt: number;
  #all = "";
  #dropping = false;
  #spokeAt = 0;
  #end: (end: RelayEnd) => void = () => {};

  constructor(options: RelayOptions) {
    const { clock, wordsPerSecond, order } = options;
    this.#options = options;
    this.#startedAt = clock.now();
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    const tells = (what: string) => (order.attributes["events"] ?? "").split(" ").includes(what);
    this.voice = new SimulatedVoice(clock, wordsPerSecond, {
      speaking: (on) => {
        if (on) this.#spokeAt = clock.now();
        if (on) this.#all = "";
        if (tells("speaker-events")) this.#info("agentSpeaking", on ? "on" : "off");
      },
      played: (words) => {
        this.#all = `${this.#all} ${words}`.trim();
        const value = options.played === "all" ? this.#all : words;
        if (tells("tokens-played")) this.#info("tokensPlayed", value);
        options.happened();
      },
      heard: options.heard,
    });
    this.#socket = this.#dial();
  }

  get durationSeconds(): number {
    return Math.round((this.#options.clock.now() - this.#startedAt) / 1000);
  }

  /** The person speaks; the agent, if it may be interrupted, is first. */
  say(words: string): void {
    if (this.voice.speaking && this.#interruptible()) this.interrupt();
    this.#dropping = false;
    const lang = this.#options.order.attributes["language"] ?? "en-US";
    if (this.#options.order.attributes["partialPrompts"] === "true") {
      const half = words.slice(0, Math.ceil(words.length / 2));
      this.send({ type: "prompt", voicePrompt: half, lang, last: false });
    }
    this.send({ type: "prompt", voicePrompt: words, lang, last: true });
  }

  /** The person cuts in: what follows of the agent's is thrown away. */
  interrupt(): void {
    const ms = Math.round(this.#options.clock.now() - this.#spokeAt);
    const utteranceUntilInterrupt = this.voice.cut() ?? "";
    this.#dropping = true;
    const durationUntilInterruptMs = this.#options.durationAsText ? String(ms) : ms;
    this.send({ type: "interrupt", utteranceUntilInterrupt, durationUntilInterruptMs });
  }

  send(message: object): void {
    const text = JSON.stringify(message);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
    else if (this.#reconnects() && this.#kept.length < MAX_KEPT) this.#kept.push(text);
  }

  /** The caller hangs up. */
  hangUp(): void {
    this.#finish({ status: "ended" });
    this.#socket.close(1000);
  }

  /** The network between Twilio and the application goes away. */
  drop(): void {
    this.#socket.terminate();
  }

  #dial(): WebSocket {
    const { authToken, order, setup } = this.#options;
    const { url = "", welcomeGreeting } = order.attributes;
    const headers = { "x-twilio-signature": twilioSignature(authToken, url) };
    const socket = new WebSocket(url, { headers });
    let opened = false;
    socket.on("open", () => {
      opened = true;
      this.send({ type: "setup", ...setup, customParameters: order.parameters });
      for (const text of this.#kept.splice(0)) socket.send(text);
      if (welcomeGreeting && this.#redials === 0) this.voice.add(welcomeGreeting, true);
      this.#redials = 0;
      this.connected = true;
      this.#options.happened();
    });
    socket.on("message", (data) => this.#take(String(data)));
    socket.on("error", () => {});
    socket.on("close", () => this.#lost(opened));
    return socket;
  }

  #lost(opened: boolean): void {
    const again = (opened || this.#redials > 0) && this.#reconnects() && this.#redials < REDIALS;
    this.connected = false;
    if (this.#isOver) return;
    if (!again) {
      this.#finish({ status: "failed", ...(!opened && { errorCode: 64102 }) });
      return;
    }
    this.#redials++;
    this.#options.clock.after(REDIAL_MS, () => {
      if (!this.#isOver) this.#socket = this.#dial();
    });
  }

  #reconnects(): boolean {
    return this.#options.order.attributes["applicationReconnect"] === "true" && !this.#isOver;
  }

  #take(data: string): void {
    const message = JSON.parse(data) as Record<string, unknown>;
    this.received.push(message);
    const problem = problemOf(message);
    if (problem === undefined) this.#obey(message);
    else {
      this.send({ type: "error", description: `Invalid message received: ${data}` });
      this.#options.invalid(problem);
    }
    this.#options.happened();
  }

  #obey({ type, token, last, handoffData }: Record<string, unknown>): void {
    if (type === "text") this.#speak(String(token), last === true);
    if (type !== "end") return;
    this.#finish({ status: "ended", ...(typeof handoffData === "string" && { handoffData }) });
    this.#socket.close(1000);
  }

  #speak(token: string, last: boolean): void {
    if (this.#dropping && token !== "") this.late.push(token);
    if (!this.#dropping) this.voice.add(token, last);
  }

  #finish(end: RelayEnd): void {
    this.#isOver = true;
    this.voice.cut();
    this.#end(end);
  }

  #interruptible(): boolean {
    return !["none", "dtmf", "false"].includes(this.#options.order.attributes["interruptible"] ?? "any");
  }

  #info(name: string, value: string): void {
    this.send({ type: "info", name, value, ts: this.#options.clock.now() });
  }
}

function problemOf(message: Record<string, unknown>): string | undefined {
  const { type, ...rest } = message;
  const fields = FIELDS[String(type)];
  if (!fields) return `type ${String(type)}`;
  const wrong = Object.entries(rest).find(([name, value]) => typeof value !== fields[name]);
  if (wrong) return `${String(type)}.${wrong[0]}`;
  const needed = REQUIRED[String(type)];
  return needed !== undefined && rest[needed] === undefined ? `${String(type)} without ${needed}` : undefined;
}

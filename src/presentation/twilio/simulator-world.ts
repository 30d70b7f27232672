import type { Clock } from "../../core/clock.ts";
import { twilioSignature } from "./signature.ts";
import type { PhoneCall } from "./simulator-call.ts";
import type { Spelling } from "./simulator-twiml.ts";

/** A row of Twilio's debugger. */
export type TwilioError = { code: number; message: string; callSid?: string };

/** What a test turns, at any time. What the contract leaves open (§I.3) is here. */
export type TwilioSwitches = {
  /** Pace of the agent's voice. */
  wordsPerSecond: number;
  /** `durationUntilInterruptMs` as a string, as older samples have it. */
  durationAsText: boolean;
  /** `tokensPlayed` piece by piece, or all of them so far. */
  played: "pieces" | "all";
  attributeSpelling: Spelling;
  /** Every request of Twilio's comes twice. */
  doubled: boolean;
};

/** A request that Twilio made of the application. */
export type SimulatedCallback = { url: string; params: Record<string, string>; status: number; body: string };

/** The account: who it is, what it was told, and how it calls the application. */
export class SimulatedWorld {
  readonly clock: Clock;
  readonly accountSid: string;
  readonly authToken: string;
  readonly switches: TwilioSwitches;
  readonly calls = new Map<string, PhoneCall>();
  readonly errors: TwilioError[] = [];
  readonly callbacks: SimulatedCallback[] = [];
  readonly #working = new Set<Promise<unknown>>();
  #sids = 0;

  constructor(options: Pick<SimulatedWorld, "clock" | "accountSid" | "authToken" | "switches">) {
    this.clock = options.clock;
    this.accountSid = options.accountSid;
    this.authToken = options.authToken;
    this.switches = options.switches;
  }

  newSid(): string {
    return `CA${(++this.#sids).toString(16).padStart(32, "0")}`;
  }

  report(code: number, message: string, callSid: string): void {
    this.errors.push({ code, message, callSid });
  }

  /** Fields that every request about a call has. */
  parameters({ facts, status }: PhoneCall): Record<string, string> {
    const { sid, from, to, direction } = facts;
    return {
      ...{ CallSid: sid, AccountSid: this.accountSid, ApiVersion: "2010-04-01" },
      ...{ From: from, To: to, Caller: from, Called: to, Direction: direction, CallStatus: status },
    };
  }

  /** Asks the application; the document that it answers, `undefined` when there is none (11200). */
  async post(url: string, params: Record<string, string>): Promise<string | undefined> {
    const answers = [await this.#send(url, params)];
    if (this.switches.doubled) answers.push(await this.#send(url, params));
    const { status, body } = answers.at(-1)!;
    if (status >= 200 && status < 300) return body === "" ? undefined : body;
    this.report(11200, `HTTP retrieval failure: ${status}`, params["CallSid"] ?? "");
    return undefined;
  }

  /** Keeps work that nobody waits for, so that `idle` can. */
  work(work: Promise<unknown>): void {
    const kept = work.catch(() => {}).finally(() => this.#working.delete(kept));
    this.#working.add(kept);
  }

  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  async #send(url: string, params: Record<string, string>): Promise<SimulatedCallback> {
    const headers = {
      "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
      "x-twilio-signature": twilioSignature(this.authToken, url, Object.entries(params)),
    };
    const callback: SimulatedCallback = { url, params, status: 0, body: "" };
    this.callbacks.push(callback);
    try {
      const body = new URLSearchParams(params).toString();
      const answer = await fetch(url, { method: "POST", headers, body });
      callback.status = answer.status;
      callback.body = await answer.text();
    } catch {
      // Nobody there: as an answer of no status.
    }
    return callback;
  }
}

import { type Clock, systemClock } from "../../core/clock.ts";
import { startSimulatorServer } from "../simulator-server.ts";
import { PhoneCall } from "./simulator-call.ts";
import { answerRest, type TwilioFaults } from "./simulator-rest.ts";
import {
  type SimulatedCallback,
  SimulatedWorld,
  type TwilioError,
  type TwilioSwitches,
} from "./simulator-world.ts";

export type { PhoneCall } from "./simulator-call.ts";

/** One of the account's numbers, and what it calls when it rings. */
export type TwilioNumber = { number: string; voiceUrl: string; statusCallback?: string };

/** A simulated account, and the telephones of those whom it calls and is called by. */
export type TwilioSimulator = {
  /** Where the REST API is: `base_url`. */
  url: string;
  accountSid: string;
  authToken: string;
  /** Turned at any time. */
  switches: TwilioSwitches;
  faults: TwilioFaults;
  /** What Twilio's debugger would list. */
  errors: TwilioError[];
  /** Requests to the application, oldest first. */
  callbacks: SimulatedCallback[];
  calls: PhoneCall[];
  /** A person calls a number of the account. Resolves once the application has answered and the line is open, or over. */
  ring(number: TwilioNumber, from: string, facts?: Record<string, string>): Promise<PhoneCall>;
  /** The next call that the application makes, ringing. */
  ringing(): Promise<PhoneCall>;
  /** The person takes a call of the application's; resolves once the line is open, or over. */
  pickUp(call: PhoneCall): Promise<void>;
  /** Resolves when nothing is under way any more: no call runs, every callback is answered. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

/** Everything has a default. */
export type TwilioSimulatorOptions = {
  accountSid?: string;
  authToken?: string;
  clock?: Clock;
  switches?: Partial<TwilioSwitches>;
};

const SWITCHES: TwilioSwitches = {
  wordsPerSecond: 3,
  durationAsText: false,
  played: "pieces",
  attributeSpelling: "sdk",
  doubled: false,
};

/**
 * Twilio in a box: the Calls API, signed callbacks, TwiML, ConversationRelay with a voice of a steady pace, and
 * the person who talks. Everything over real HTTP and WebSockets; waiting by the injected clock.
 */
export async function createTwilioSimulator(options: TwilioSimulatorOptions = {}): Promise<TwilioSimulator> {
  const world = new SimulatedWorld({
    clock: options.clock ?? systemClock,
    accountSid: options.accountSid ?? `AC${"5".repeat(32)}`,
    authToken: options.authToken ?? "twilio-auth-token",
    switches: { ...SWITCHES, ...options.switches },
  });
  const faults: TwilioFaults = { loseNext: false };
  const telephones = new Telephones();
  const ring = (call: PhoneCall) => world.work(ringOut(call, telephones));
  const server = await startSimulatorServer(answerRest(world, faults, ring));

  return {
    url: server.url,
    ...{ accountSid: world.accountSid, authToken: world.authToken, switches: world.switches, faults },
    ...{ errors: world.errors, callbacks: world.callbacks },
    get calls() {
      return [...world.calls.values()];
    },
    async ring(number, from, facts = {}) {
      const call = newCall(world, number, from);
      world.work(ringIn(world, call, number.voiceUrl, facts));
      await call.connected();
      return call;
    },
    ringing: () => telephones.next(),
    async pickUp(call) {
      world.work(answered(call));
      await call.connected();
    },
    idle: () => world.idle(),
    async close() {
      await Promise.all([...world.calls.values()].map((call) => call.end("completed")));
      await world.idle();
      await server.close();
    },
  };
}

function newCall(
  world: SimulatedWorld,
  { number, statusCallback: url }: TwilioNumber,
  from: string,
): PhoneCall {
  const facts = { sid: world.newSid(), direction: "inbound", from, to: number } as const;
  const statusCallback = url === undefined ? {} : { statusCallback: { url, events: ["completed"] } };
  const call = new PhoneCall(world, { ...facts, createdAt: world.clock.now(), ...statusCallback });
  world.calls.set(facts.sid, call);
  return call;
}

async function ringIn(
  world: SimulatedWorld,
  call: PhoneCall,
  voiceUrl: string,
  facts: Record<string, string>,
): Promise<void> {
  await call.change("ringing");
  const twiml = await world.post(voiceUrl, { ...world.parameters(call), ...facts });
  await call.change("in-progress");
  await (twiml === undefined ? call.end("failed") : call.run(twiml));
}

async function ringOut(call: PhoneCall, telephones: Telephones): Promise<void> {
  await call.change("initiated");
  await call.change("ringing");
  if (!call.isOver) telephones.rings(call);
}

async function answered(call: PhoneCall): Promise<void> {
  const [twiml = ""] = call.twiml.splice(0);
  await call.change("in-progress");
  await call.run(twiml);
}

/** Calls that ring somewhere, and those who wait for one. */
class Telephones {
  #ringing: PhoneCall[] = [];
  #waiting: Array<(call: PhoneCall) => void> = [];

  rings(call: PhoneCall): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(call);
    else this.#ringing.push(call);
  }

  next(): Promise<PhoneCall> {
    const call = this.#ringing.shift();
    if (call) return Promise.resolve(call);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

import { systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/telemetry.ts";
import { BRIEFING, bindingFor, CLIENT_TOOL, personaFor } from "../../testing/adapter/samples.ts";
import type { AdapterHarness } from "../../testing/adapter-contract.ts";
import type { OpenedSession } from "../adapter.ts";
import { createTwilioAdapter } from "./adapter.ts";
import type { TwilioConfigInput } from "./config.ts";
import { twilioSignature } from "./signature.ts";
import { createTwilioSimulator, type TwilioSimulator } from "./simulator.ts";

export const OURS = "+14155550100";
export const ANNA = "+351912345678";

export const PERSONA = personaFor({
  vendor: { voice: "en-US-Journey-O" },
  tools: [{ ...CLIENT_TOOL, delivery: "server" }],
});

export function configFor(
  simulator: TwilioSimulator,
  over: Partial<TwilioConfigInput> = {},
): TwilioConfigInput {
  const { accountSid, authToken, url } = simulator;
  return { account_sid: accountSid, auth_token: authToken, base_url: url, from_number: OURS, ...over };
}

export async function twilioHarness(): Promise<AdapterHarness> {
  const simulator = await createTwilioSimulator({ switches: { wordsPerSecond: 1_000 } });
  const deps = { clock: systemClock, logger: silentLogger, sink: async () => {} };
  return {
    adapter: createTwilioAdapter(configFor(simulator), deps),
    persona: PERSONA,
    unfit: [
      { ...PERSONA, vendor: { colour: "red" } },
      { ...PERSONA, vendor: { attributes: { URL: "wss://elsewhere.example" } } },
      { ...PERSONA, vendor: { transfers: { desk: "0800 123" } } },
      { ...PERSONA, language: "not a language" },
      { ...PERSONA, tools: [{ ...PERSONA.tools[0]!, name: "two words" }] },
    ],
    briefing: BRIEFING,
    secrets: [simulator.authToken],
    binding: (onResource) => bindingFor("twilio", { phone: ANNA, onResource }),
    vendor: {
      running: () => simulator.calls.filter((call) => !call.isOver).length,
      billed: () => simulator.calls.length,
      left: () => 0,
      refuseNext() {
        simulator.faults.refuseNext = { status: 400, code: 21215 };
      },
      loseNext() {
        simulator.faults.loseNext = true;
      },
      endSession: (sid) => callOf(simulator, sid).hangUp(),
      call: (opened) => shortCall(simulator, opened),
      ring: () => ringing(simulator),
    },
    destroy: () => simulator.close(),
  };
}

function callOf({ calls }: TwilioSimulator, sid: string) {
  return calls.find(({ facts }) => facts.sid === sid)!;
}

/** Nobody serves our socket here, so the call is over as soon as it is taken. */
async function shortCall(simulator: TwilioSimulator, { vendorSessionId }: OpenedSession) {
  await simulator.pickUp(callOf(simulator, vendorSessionId));
  await simulator.idle();
  return simulator.callbacks
    .filter(({ params }) => params["CallSid"] === vendorSessionId)
    .map(({ url, params }) => requestOf(simulator.authToken, url, params));
}

/** What Twilio asks when a number of ours is called. */
function ringing({ authToken, accountSid }: TwilioSimulator) {
  const call = { CallSid: `CA${"0".repeat(32)}`, AccountSid: accountSid, From: ANNA, To: OURS };
  return requestOf(authToken, "https://app.test/v1/inbound/twilio", { ...call, CallStatus: "ringing" });
}

/** A request as Twilio would sign it. */
export function requestOf(authToken: string, url: string, params: Record<string, string>) {
  return {
    url,
    body: new TextEncoder().encode(new URLSearchParams(params).toString()),
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-twilio-signature": twilioSignature(authToken, url, Object.entries(params)),
    },
    query: Object.fromEntries(new URL(url).searchParams),
  };
}

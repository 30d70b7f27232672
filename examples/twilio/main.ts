/**
 * Telephone calls with an agent that remembers: `node examples/twilio/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network: Anna calls, and is called back. With
 * TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBER, PUBLIC_URL (a tunnel to port 8787 of this machine) and
 * YOUR_NUMBER it waits for your call; point the number's voice URL at <PUBLIC_URL>/v1/inbound/twilio.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTwilioSimulator, type PhoneCall } from "../../src/presentation/twilio/simulator.ts";
import { serveSample } from "../sample.ts";

const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBER, PUBLIC_URL, YOUR_NUMBER } = process.env;
const OURS = TWILIO_NUMBER ?? "+14155550100";
const ANNA = YOUR_NUMBER ?? "+351912345678";

const simulator =
  TWILIO_AUTH_TOKEN === undefined
    ? await createTwilioSimulator({ switches: { wordsPerSecond: 200 } })
    : undefined;
const sample = await serveSample(PUBLIC_URL, configuration);
try {
  if (simulator) await callsWithTheSimulator();
  else console.log(`Call ${OURS} from ${ANNA}.`);
  await sample.tellMemory(await firstSettled());
} finally {
  await sample.close();
  await simulator?.close();
}

/** Twilio, and a list of telephone numbers to know callers by. */
async function configuration({ sources, personas }: Record<string, unknown>, folder: string) {
  await writeFile(join(folder, "telephones.json"), JSON.stringify([{ id: "anna", phone: ANNA }]));
  const phone = { source: "telephones", field: "phone" };
  const { support, ...others } = personas as Record<string, object>;
  return {
    sources: {
      ...(sources as object),
      telephones: {
        ...{ kind: "file", path: join(folder, "telephones.json"), key: "id" },
        fields: { phone: { sensitivity: "private" } },
      },
    },
    personas: { ...others, support: { ...support, phone } },
    presentation: {
      twilio: {
        account_sid: simulator?.accountSid ?? TWILIO_ACCOUNT_SID,
        auth_token: simulator?.authToken ?? TWILIO_AUTH_TOKEN,
        from_number: OURS,
        ...(simulator && { base_url: simulator.url }),
      },
    },
    inbound: {
      twilio: { persona: "support", as: "user:local", consent: "memory", caller: phone, unknown: "decline" },
    },
  };
}

async function callsWithTheSimulator(): Promise<void> {
  const { ring, ringing, pickUp } = simulator!;
  console.log("Anna calls.");
  await talk(await ring({ number: OURS, voiceUrl: `${sample.url}/v1/inbound/twilio` }, ANNA), [
    "My sister Miriam lives in Porto.",
    "I want to run a marathon in April.",
  ]);
  await firstSettled();
  console.log("\nWe call Anna back.");
  await sample.open("twilio", "support");
  const call = await ringing();
  await pickUp(call);
  await talk(call, ["Where does my sister live?"]);
  const running = simulator!.calls.filter(({ isOver }) => !isOver).length;
  console.log(`\nCalls that run at Twilio: ${running}; errors in its debugger: ${simulator!.errors.length}.`);
}

async function talk(call: PhoneCall, lines: string[]): Promise<void> {
  console.log(`Mara: ${(await call.listen()).text}`);
  for (const line of lines) {
    call.say(line);
    console.log(`Anna: ${line}\nMara: ${(await call.listen()).text}`);
  }
  await call.hangUp();
  await simulator!.idle();
}

/** The first call, once it is over and kept. */
async function firstSettled(): Promise<string> {
  for (;;) {
    const first = (await sample.composer.list({ limit: 10 })).at(-1);
    if (first?.settled) return first.id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

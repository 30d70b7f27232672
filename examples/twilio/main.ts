/**
 * Telephone calls with an agent that remembers: `node examples/twilio/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network: Anna calls, and is called back. With
 * TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBER, PUBLIC_URL (where Twilio reaches this machine, port 8787) and
 * YOUR_NUMBER it waits for your call; point the number's voice URL at <PUBLIC_URL>/v1/inbound/twilio.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { createWorkspace } from "../../src/cli/sample/create.ts";
import { systemClock } from "../../src/core/clock.ts";
import { openGateway } from "../../src/open-gateway.ts";
import { createTwilioSimulator, type PhoneCall } from "../../src/presentation/twilio/simulator.ts";

const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBER, PUBLIC_URL, YOUR_NUMBER } = process.env;
const OURS = TWILIO_NUMBER ?? "+14155550100";
const ANNA = YOUR_NUMBER ?? "+351912345678";

const folder = await mkdtemp(join(tmpdir(), "astrocyte-twilio-"));
const simulator =
  TWILIO_AUTH_TOKEN === undefined
    ? await createTwilioSimulator({ switches: { wordsPerSecond: 200 } })
    : undefined;
const gateway = await openGateway(await configuration());
const url = await gateway.listen({ host: simulator ? "127.0.0.1" : "0.0.0.0", port: simulator ? 0 : 8787 });
try {
  if (simulator) await callsWithTheSimulator();
  else console.log(`Call ${OURS} from ${ANNA}.`);
  await tellMemory(await firstSettled());
} finally {
  await gateway.close();
  await simulator?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The sample workspace with Twilio in it, and a list of telephone numbers to know callers by. */
async function configuration(): Promise<object> {
  await createWorkspace(folder, systemClock);
  await writeFile(join(folder, "telephones.json"), JSON.stringify([{ id: "anna", phone: ANNA }]));
  const yaml = await readFile(join(folder, "astrocyte.yaml"), "utf8");
  const sample = parse(yaml.replaceAll(".astrocyte/", `${folder}/`));
  const phone = { source: "telephones", field: "phone" };
  return {
    ...sample,
    sources: {
      ...sample.sources,
      telephones: {
        ...{ kind: "file", path: join(folder, "telephones.json"), key: "id" },
        fields: { phone: { sensitivity: "private" } },
      },
    },
    personas: { ...sample.personas, support: { ...sample.personas.support, phone } },
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
    ...(PUBLIC_URL !== undefined && { public_url: PUBLIC_URL }),
  };
}

async function callsWithTheSimulator(): Promise<void> {
  const { ring, ringing, pickUp } = simulator!;
  console.log("Anna calls.");
  await talk(await ring({ number: OURS, voiceUrl: `${url}/v1/inbound/twilio` }, ANNA), [
    "My sister Miriam lives in Porto.",
    "I want to run a marathon in April.",
  ]);
  await firstSettled();
  console.log("\nWe call Anna back.");
  const body = { vendor: "twilio", persona: "support", subject: "user:anna", consent: "memory" };
  const answer = await fetch(`${url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
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
    const first = (await gateway.composer.list({ limit: 10 })).at(-1);
    if (first?.settled) return first.id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function tellMemory(sessionId: string): Promise<void> {
  const { bankId } = await gateway.composer.get(sessionId);
  const query = "family, plans, sister, marathon";
  const { hits } = await gateway.memory.recall(query, { bankId, sessionId });
  console.log(`\nRemembered of the first call:\n${hits.map(({ text }) => `- ${text}`).join("\n")}`);
}

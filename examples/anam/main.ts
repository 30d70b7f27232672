/**
 * A call with an Anam persona that remembers: `node examples/anam/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network. With ANAM_API_KEY, ANAM_AVATAR, ANAM_VOICE
 * and PUBLIC_URL (where Anam reaches this machine, port 8787) it prepares a real session, which you join from a page
 * with `page.ts`; it costs nothing before that.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnamClient } from "@anam-ai/js-sdk";
import { parse } from "yaml";
import { createWorkspace } from "../../src/cli/sample/create.ts";
import { connect, type Join } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/clock.ts";
import { openGateway } from "../../src/open-gateway.ts";
import { createAnamSimulator, FakeAnamClient } from "../../src/testing/index.ts";
import { anamRoom } from "./page.ts";

const { ANAM_API_KEY: key, ANAM_AVATAR: avatar, ANAM_VOICE: voice, PUBLIC_URL: publicUrl } = process.env;
const LINES = ["My sister Miriam lives in Porto.", "I want to run a marathon in April."];

const folder = await mkdtemp(join(tmpdir(), "astrocyte-anam-"));
const simulator = key === undefined ? await createAnamSimulator() : undefined;
const gateway = await openGateway(await configuration());
const url = await gateway.listen({ host: simulator ? "127.0.0.1" : "0.0.0.0", port: simulator ? 0 : 8787 });
try {
  const first = await open();
  if (simulator) await talk(first, LINES);
  else console.log(`Join from a page:\n${JSON.stringify(first)}`);
  await untilSettled(first.session_id);
  await tellMemory(first.session_id);
  if (simulator) {
    const second = await open();
    await talk(second, ["Where does my sister live?"]);
    await untilSettled(second.session_id);
    const { sessions, llms } = simulator.left();
    console.log(`\nLeft at Anam: ${sessions} sessions, ${llms} models.`);
  }
} finally {
  await gateway.close();
  await simulator?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The sample workspace with Anam in it: key, avatar and voice are all that it needs. */
async function configuration(): Promise<object> {
  await createWorkspace(folder, systemClock);
  const yaml = await readFile(join(folder, "astrocyte.yaml"), "utf8");
  const account = simulator
    ? { api_key: simulator.apiKey, base_url: simulator.url, avatar_id: "cara", voice_id: "ana" }
    : { api_key: key, avatar_id: avatar, voice_id: voice };
  return {
    ...parse(yaml.replaceAll(".astrocyte/", `${folder}/`)),
    presentation: { anam: account },
    ...(publicUrl !== undefined && { public_url: publicUrl }),
  };
}

type Opened = { session_id: string; session_token: string; join: Join };

async function open(): Promise<Opened> {
  const answer = await fetch(`${url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vendor: "anam", persona: "coach", subject: "user:anna", consent: "memory" }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Opened;
}

/** The page's part: a browser would pass `createClient(join.token)` of @anam-ai/js-sdk. */
async function talk({ session_id: sessionId, session_token: sessionToken, join }: Opened, lines: string[]) {
  const anam = new FakeAnamClient(join.token ?? "", join.url) as unknown as AnamClient;
  const transport = anamRoom(anam, join, "avatar");
  const page = await connect({ baseUrl: url, sessionId, sessionToken, join, transport });
  let heard = (_text: string) => {};
  const next = () => new Promise<string>((resolve) => (heard = resolve));
  const greeting = next();
  page.on("transcript", ({ role, text }) => role === "agent" && heard(text));
  console.log(`Theo: ${await greeting}`);
  for (const line of lines) {
    const answer = next();
    await page.respond(line);
    console.log(`Anna: ${line}\nTheo: ${await answer}`);
  }
  await page.end("person_hung_up");
}

async function untilSettled(sessionId: string): Promise<void> {
  while (!(await gateway.composer.get(sessionId)).settled)
    await new Promise((resolve) => setTimeout(resolve, 100));
}

async function tellMemory(sessionId: string): Promise<void> {
  const { bankId } = await gateway.composer.get(sessionId);
  const query = "family, plans, sister, marathon";
  const { hits } = await gateway.memory.recall(query, { bankId, sessionId });
  console.log(`\nRemembered of this call:\n${hits.map(({ text }) => `- ${text}`).join("\n")}\n`);
}

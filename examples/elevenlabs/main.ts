/**
 * A call with an ElevenLabs agent that remembers: `node examples/elevenlabs/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network. With ELEVENLABS_API_KEY and PUBLIC_URL
 * (where ElevenLabs reaches this machine, port 8787) the agent is a real one, and Anna types.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { createWorkspace } from "../../src/cli/sample/create.ts";
import { connect, type Join } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/clock.ts";
import { openGateway } from "../../src/open-gateway.ts";
import { createElevenLabsSimulator, FakeElevenLabsPage } from "../../src/testing/index.ts";

const { ELEVENLABS_API_KEY: key, PUBLIC_URL: publicUrl } = process.env;
const LINES = ["My sister Miriam lives in Porto.", "I want to run a marathon in April."];

const folder = await mkdtemp(join(tmpdir(), "astrocyte-elevenlabs-"));
const simulator = key === undefined ? await createElevenLabsSimulator() : undefined;
const gateway = await openGateway(await configuration());
const url = await gateway.listen({ host: simulator ? "127.0.0.1" : "0.0.0.0", port: simulator ? 0 : 8787 });
try {
  await tellMemory(await talk(LINES));
  await talk(["Where does my sister live?"]);
  if (simulator) {
    const { agents, tools, secrets } = simulator.left();
    console.log(`\nLeft at ElevenLabs: ${agents} agents, ${tools} tools, ${secrets} secrets.`);
  }
} finally {
  await gateway.close();
  await simulator?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The sample workspace with ElevenLabs in it: the key is all that it needs. */
async function configuration(): Promise<object> {
  await createWorkspace(folder, systemClock);
  const yaml = await readFile(join(folder, "astrocyte.yaml"), "utf8");
  const elevenlabs = simulator ? { api_key: simulator.apiKey, base_url: simulator.url } : { api_key: key };
  return {
    ...parse(yaml.replaceAll(".astrocyte/", `${folder}/`)),
    presentation: { elevenlabs },
    ...(publicUrl !== undefined && { public_url: publicUrl }),
  };
}

type Opened = { session_id: string; session_token: string; join: Join };

/** The page's part: a browser would pass `Conversation` of @elevenlabs/client. Returns the session's id. */
async function talk(lines: string[]): Promise<string> {
  const { session_id: sessionId, session_token: sessionToken, join } = await open();
  const conversation = new FakeElevenLabsPage({ typing: simulator === undefined });
  const page = await connect({ baseUrl: url, sessionId, sessionToken, join, conversation });
  for (const line of lines) console.log(`Anna: ${line}\nTheo: ${await conversation.ask(line)}`);
  await page.end("person_hung_up");
  while (!(await gateway.composer.get(sessionId)).settled)
    await new Promise((resolve) => setTimeout(resolve, 100));
  return sessionId;
}

async function open(): Promise<Opened> {
  const answer = await fetch(`${url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ vendor: "elevenlabs", persona: "coach", subject: "user:anna", consent: "memory" },
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Opened;
}

async function tellMemory(sessionId: string): Promise<void> {
  const { bankId } = await gateway.composer.get(sessionId);
  const query = "family, plans, sister, marathon";
  const { hits } = await gateway.memory.recall(query, { bankId, sessionId });
  console.log(`\nRemembered of this call:\n${hits.map(({ text }) => `- ${text}`).join("\n")}\n`);
}

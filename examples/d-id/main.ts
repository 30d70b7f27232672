/**
 * A call with a D-ID avatar that remembers: `node examples/d-id/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network. With D_ID_API_KEY, PUBLIC_URL (where
 * D-ID reaches this machine, port 8787) and D_ID_PRESENTER it opens a real session, which you join from a page.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { createWorkspace } from "../../src/cli/sample/create.ts";
import { connect, type Join } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/clock.ts";
import { openGateway } from "../../src/open-gateway.ts";
import { createDIdSimulator } from "../../src/presentation/d-id/simulator.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";

const { D_ID_API_KEY: key, PUBLIC_URL: publicUrl, D_ID_PRESENTER: presenterId } = process.env;
const LINES = ["My sister Miriam lives in Porto.", "I want to run a marathon in April."];

const folder = await mkdtemp(join(tmpdir(), "astrocyte-d-id-"));
const simulator = key === undefined ? await createDIdSimulator() : undefined;
const gateway = await openGateway(await configuration());
const url = await gateway.listen({ host: simulator ? "127.0.0.1" : "0.0.0.0", port: simulator ? 0 : 8787 });
try {
  const first = await open();
  if (simulator) await talk(first, LINES);
  else await untilEnded(first.session_id);
  await tellMemory(first.session_id);
  if (simulator) {
    await talk(await open(), ["Where does my sister live?"]);
    const { sessions, agents, tools } = simulator.left();
    console.log(`\nLeft at D-ID: ${sessions} sessions, ${agents} agents, ${tools} tools.`);
  }
} finally {
  await gateway.close();
  await simulator?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The sample workspace with D-ID in it; the avatar's id is all that a persona of yours needs. */
async function configuration(): Promise<object> {
  await createWorkspace(folder, systemClock);
  const yaml = await readFile(join(folder, "astrocyte.yaml"), "utf8");
  const presenter = { type: "expressive", presenter_id: presenterId ?? "public_amber_casual@avt_PfMblk" };
  const vendor = simulator
    ? { api_key: simulator.apiKey, base_url: simulator.url, presenter }
    : { api_key: key, presenter };
  return {
    ...parse(yaml.replaceAll(".astrocyte/", `${folder}/`)),
    presentation: { "d-id": vendor },
    ...(publicUrl !== undefined && { public_url: publicUrl }),
  };
}

type Opened = { session_id: string; session_token: string; join: Join };

async function open(): Promise<Opened> {
  const answer = await fetch(`${url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vendor: "d-id", persona: "coach", subject: "user:anna", consent: "memory" }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Opened;
}

/** The page's part: a browser would pass livekit-client's own `Room`. */
async function talk({ session_id: sessionId, session_token: sessionToken, join }: Opened, lines: string[]) {
  const room = new FakeLiveKitRoom();
  const page = await connect({ baseUrl: url, sessionId, sessionToken, join, room });
  for (const line of lines) {
    const answered = new Promise<string>((resolve) =>
      room.on("dataReceived", (bytes: Uint8Array, _from: unknown, _kind: unknown, topic: string) => {
        if (topic === "chat/answer") resolve(JSON.parse(new TextDecoder().decode(bytes)).content);
      }),
    );
    room.speak(line);
    console.log(`Anna: ${line}\nTheo: ${await answered}`);
  }
  await page.end("user_hung_up");
  await untilEnded(sessionId);
}

/** A real session is over when the page leaves, or at the persona's limit. */
async function untilEnded(sessionId: string): Promise<void> {
  const { join, settled } = await gateway.composer.get(sessionId);
  if (!simulator && !settled)
    console.log(`Session ${sessionId} waits in the room ${join?.url}. Join it from a page.`);
  while (!(await gateway.composer.get(sessionId)).settled)
    await new Promise((resolve) => setTimeout(resolve, 100));
}

async function tellMemory(sessionId: string): Promise<void> {
  const { bankId } = await gateway.composer.get(sessionId);
  const query = "family, plans, sister, marathon";
  const { hits } = await gateway.memory.recall(query, { bankId, sessionId });
  console.log(`\nRemembered of this call:\n${hits.map(({ text }) => `- ${text}`).join("\n")}\n`);
}

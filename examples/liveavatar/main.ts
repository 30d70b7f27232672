/**
 * A call with a LiveAvatar avatar that remembers: `node examples/liveavatar/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network. With LIVEAVATAR_API_KEY and PUBLIC_URL
 * (where LiveAvatar reaches this machine, port 8787) it opens a real session in LiveAvatar's free sandbox, which you
 * join from a page; with LIVEAVATAR_AVATAR as well it is that avatar, and it costs credits.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { createWorkspace } from "../../src/cli/sample/create.ts";
import { connect, type Join } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/clock.ts";
import { openGateway } from "../../src/open-gateway.ts";
import { createLiveAvatarSimulator } from "../../src/presentation/liveavatar/simulator.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";

const { LIVEAVATAR_API_KEY: key, PUBLIC_URL: publicUrl, LIVEAVATAR_AVATAR: avatar } = process.env;
const LINES = ["My sister Miriam lives in Porto.", "I want to run a marathon in April."];

const folder = await mkdtemp(join(tmpdir(), "astrocyte-liveavatar-"));
const simulator = key === undefined ? await createLiveAvatarSimulator() : undefined;
const gateway = await openGateway(await configuration());
const url = await gateway.listen({ host: simulator ? "127.0.0.1" : "0.0.0.0", port: simulator ? 0 : 8787 });
try {
  const first = await open();
  if (simulator) await talk(first, LINES);
  else await untilEnded(first.session_id);
  await tellMemory(first.session_id);
  if (simulator) {
    await talk(await open(), ["Where does my sister live?"]);
    const { sessions, contexts, secrets, llmConfigurations } = simulator.left();
    console.log(
      `\nLeft at LiveAvatar: ${sessions} sessions, ${contexts} contexts, ${secrets} secrets, ${llmConfigurations} LLM configurations.`,
    );
  }
} finally {
  await gateway.close();
  await simulator?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The sample workspace with LiveAvatar in it. The brain runs the tools of its personas: LiveAvatar calls none. */
async function configuration(): Promise<object> {
  await createWorkspace(folder, systemClock);
  const yaml = await readFile(join(folder, "astrocyte.yaml"), "utf8");
  const account = simulator ? { api_key: simulator.apiKey, base_url: simulator.url } : { api_key: key };
  const liveavatar = {
    ...account,
    ...(avatar === undefined ? { is_sandbox: true } : { avatar_id: avatar }),
  };
  return {
    ...parse(yaml.replaceAll(".astrocyte/", `${folder}/`)),
    presentation: { liveavatar },
    ...(publicUrl !== undefined && { public_url: publicUrl }),
  };
}

type Opened = { session_id: string; session_token: string; join: Join };

async function open(): Promise<Opened> {
  const answer = await fetch(`${url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vendor: "liveavatar", persona: "coach", subject: "user:anna", consent: "memory" }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Opened;
}

/** The page's part: a browser would pass livekit-client's own `Room`. */
async function talk({ session_id: sessionId, session_token: sessionToken, join }: Opened, lines: string[]) {
  const room = new FakeLiveKitRoom();
  const greeting = said(room);
  const page = await connect({ baseUrl: url, sessionId, sessionToken, join, room });
  console.log(`Theo: ${await greeting}`);
  for (const line of lines) {
    const answer = said(room);
    room.speak(line);
    console.log(`Anna: ${line}\nTheo: ${await answer}`);
  }
  await page.end("user_hung_up");
  await untilEnded(sessionId);
}

/** What the avatar says next. */
function said(room: FakeLiveKitRoom): Promise<string> {
  return new Promise((resolve) =>
    room.on("dataReceived", (bytes: Uint8Array) => {
      const { event_type, text } = JSON.parse(new TextDecoder().decode(bytes));
      if (event_type === "avatar.transcription") resolve(text);
    }),
  );
}

/** A real session is over when somebody ends it, or at its limit; the sandbox's is a minute. */
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

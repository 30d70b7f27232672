/**
 * A call with a LiveAvatar avatar that remembers: `node examples/liveavatar/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network. With LIVEAVATAR_API_KEY and PUBLIC_URL
 * (a tunnel to port 8787 of this machine) it opens a real session in LiveAvatar's free sandbox, which you
 * join from a page; with LIVEAVATAR_AVATAR as well it is that avatar, and it costs credits.
 */
import { connect } from "../../src/client/index.ts";
import { createLiveAvatarSimulator } from "../../src/presentation/liveavatar/simulator.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";
import { type Opened, serveSample } from "../sample.ts";

const { LIVEAVATAR_API_KEY: key, PUBLIC_URL: publicUrl, LIVEAVATAR_AVATAR: avatar } = process.env;
const LINES = ["My sister Miriam lives in Porto.", "I want to run a marathon in April."];

const simulator = key === undefined ? await createLiveAvatarSimulator() : undefined;
// The brain runs the personas' tools: LiveAvatar calls none.
const sample = await serveSample(publicUrl, () => ({
  presentation: {
    liveavatar: {
      ...(simulator ? { api_key: simulator.apiKey, base_url: simulator.url } : { api_key: key }),
      ...(avatar === undefined ? { is_sandbox: true } : { avatar_id: avatar }),
    },
  },
}));
try {
  const first = await sample.open("liveavatar");
  if (simulator) await talk(first, LINES);
  else console.log(`Session ${first.session_id} waits in the room ${first.join.url}. Join it from a page.`);
  // A real session is over when somebody ends it, or at its limit; the sandbox's is a minute.
  await sample.untilSettled(first.session_id);
  await sample.tellMemory(first.session_id);
  if (simulator) {
    await talk(await sample.open("liveavatar"), ["Where does my sister live?"]);
    const { sessions, contexts, secrets, llmConfigurations } = simulator.left();
    console.log(
      `\nLeft at LiveAvatar: ${sessions} sessions, ${contexts} contexts, ${secrets} secrets, ${llmConfigurations} LLM configurations.`,
    );
  }
} finally {
  await sample.close();
  await simulator?.close();
}

/** The page's part: a browser would pass livekit-client's own `Room`. */
async function talk({ session_id: sessionId, session_token: sessionToken, join }: Opened, lines: string[]) {
  const room = new FakeLiveKitRoom();
  const greeting = said(room);
  const page = await connect({ baseUrl: sample.url, sessionId, sessionToken, join, room });
  console.log(`Theo: ${await greeting}`);
  for (const line of lines) {
    const answer = said(room);
    room.speak(line);
    console.log(`Anna: ${line}\nTheo: ${await answer}`);
  }
  await page.end("user_hung_up");
  await sample.untilSettled(sessionId);
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

/**
 * A call with a D-ID avatar that remembers: `node examples/d-id/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network. With D_ID_API_KEY, PUBLIC_URL (a tunnel
 * to port 8787 of this machine) and D_ID_PRESENTER it opens a real session, which you join from a page.
 */
import { connect } from "../../src/client/index.ts";
import { createDIdSimulator } from "../../src/presentation/d-id/simulator.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";
import { type Opened, serveSample } from "../sample.ts";

const { D_ID_API_KEY: key, PUBLIC_URL: publicUrl, D_ID_PRESENTER: presenterId } = process.env;
const LINES = ["My sister Miriam lives in Porto.", "I want to run a marathon in April."];

const simulator = key === undefined ? await createDIdSimulator() : undefined;
// The avatar's id is all that a persona of yours needs.
const sample = await serveSample(publicUrl, () => ({
  presentation: {
    "d-id": {
      ...(simulator ? { api_key: simulator.apiKey, base_url: simulator.url } : { api_key: key }),
      presenter: { type: "expressive", presenter_id: presenterId ?? "public_amber_casual@avt_PfMblk" },
    },
  },
}));
try {
  const first = await sample.open("d-id");
  if (simulator) await talk(first, LINES);
  else console.log(`Session ${first.session_id} waits in the room ${first.join.url}. Join it from a page.`);
  // A real session is over when the page leaves, or at the persona's limit.
  await sample.untilSettled(first.session_id);
  await sample.tellMemory(first.session_id);
  if (simulator) {
    await talk(await sample.open("d-id"), ["Where does my sister live?"]);
    const { sessions, agents, tools } = simulator.left();
    console.log(`\nLeft at D-ID: ${sessions} sessions, ${agents} agents, ${tools} tools.`);
  }
} finally {
  await sample.close();
  await simulator?.close();
}

/** The page's part: a browser would pass livekit-client's own `Room`. */
async function talk({ session_id: sessionId, session_token: sessionToken, join }: Opened, lines: string[]) {
  const room = new FakeLiveKitRoom();
  const page = await connect({ baseUrl: sample.url, sessionId, sessionToken, join, room });
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
  await sample.untilSettled(sessionId);
}

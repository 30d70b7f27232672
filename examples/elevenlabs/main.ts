/**
 * A call with an ElevenLabs agent that remembers: `node examples/elevenlabs/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network. With ELEVENLABS_API_KEY and PUBLIC_URL
 * (a tunnel to port 8787 of this machine) the agent is a real one, and Anna types.
 */
import { connect } from "../../src/client/index.ts";
import { createElevenLabsSimulator, FakeElevenLabsPage } from "../../src/testing/index.ts";
import { serveSample } from "../sample.ts";

const { ELEVENLABS_API_KEY: key, PUBLIC_URL: publicUrl } = process.env;
const LINES = ["My sister Miriam lives in Porto.", "I want to run a marathon in April."];

const simulator = key === undefined ? await createElevenLabsSimulator() : undefined;
// The key is all that it needs.
const sample = await serveSample(publicUrl, () => ({
  presentation: {
    elevenlabs: simulator ? { api_key: simulator.apiKey, base_url: simulator.url } : { api_key: key },
  },
}));
try {
  await sample.tellMemory(await talk(LINES));
  await talk(["Where does my sister live?"]);
  if (simulator) {
    const { agents, tools, secrets } = simulator.left();
    console.log(`\nLeft at ElevenLabs: ${agents} agents, ${tools} tools, ${secrets} secrets.`);
  }
} finally {
  await sample.close();
  await simulator?.close();
}

/** The page's part: a browser would pass `Conversation` of @elevenlabs/client. Returns the session's id. */
async function talk(lines: string[]): Promise<string> {
  const { session_id: sessionId, session_token: sessionToken, join } = await sample.open("elevenlabs");
  const conversation = new FakeElevenLabsPage({ typing: simulator === undefined });
  const page = await connect({ baseUrl: sample.url, sessionId, sessionToken, join, conversation });
  for (const line of lines) console.log(`Anna: ${line}\nTheo: ${await conversation.ask(line)}`);
  await page.end("person_hung_up");
  await sample.untilSettled(sessionId);
  return sessionId;
}

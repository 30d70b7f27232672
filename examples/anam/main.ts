/**
 * A call with an Anam persona that remembers: `node examples/anam/main.ts`.
 *
 * Without a key it talks to the simulator, in seconds and with no network. With ANAM_API_KEY, ANAM_AVATAR, ANAM_VOICE
 * and PUBLIC_URL (a tunnel to port 8787 of this machine) it prepares a real session, which you join from a page
 * with `page.ts`; it costs nothing before that.
 */
import type { AnamClient } from "@anam-ai/js-sdk";
import { connect } from "../../src/client/index.ts";
import { createAnamSimulator, FakeAnamClient } from "../../src/testing/index.ts";
import { type Opened, serveSample } from "../sample.ts";
import { anamRoom } from "./page.ts";

const { ANAM_API_KEY: key, ANAM_AVATAR: avatar, ANAM_VOICE: voice, PUBLIC_URL: publicUrl } = process.env;
const LINES = ["My sister Miriam lives in Porto.", "I want to run a marathon in April."];

const simulator = key === undefined ? await createAnamSimulator() : undefined;
// Key, avatar and voice are all that it needs.
const sample = await serveSample(publicUrl, () => ({
  presentation: {
    anam: simulator
      ? { api_key: simulator.apiKey, base_url: simulator.url, avatar_id: "cara", voice_id: "ana" }
      : { api_key: key, avatar_id: avatar, voice_id: voice },
  },
}));
try {
  const first = await sample.open("anam");
  if (simulator) await talk(first, LINES);
  else console.log(`Join from a page:\n${JSON.stringify(first)}`);
  await sample.untilSettled(first.session_id);
  await sample.tellMemory(first.session_id);
  if (simulator) {
    const second = await sample.open("anam");
    await talk(second, ["Where does my sister live?"]);
    await sample.untilSettled(second.session_id);
    const { sessions, llms } = simulator.left();
    console.log(`\nLeft at Anam: ${sessions} sessions, ${llms} models.`);
  }
} finally {
  await sample.close();
  await simulator?.close();
}

/** The page's part: a browser would pass `createClient(join.token)` of @anam-ai/js-sdk. */
async function talk({ session_id: sessionId, session_token: sessionToken, join }: Opened, lines: string[]) {
  const anam = new FakeAnamClient(join.token ?? "", join.url) as unknown as AnamClient;
  const transport = anamRoom(anam, join, "avatar");
  const page = await connect({ baseUrl: sample.url, sessionId, sessionToken, join, transport });
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

import type { SessionRow, TurnRow } from "../../src/composer/store.ts";
import type { Briefing } from "../../src/composer/types.ts";
import type { MemoryHit } from "../../src/memory/types.ts";
import { joinRoom, type Opened } from "./guest.ts";
import type { World } from "./world.ts";

const SETTLE_MS = 60_000;
const LOOK_MS = 100;

export type Call = {
  session: SessionRow;
  briefing: Briefing;
  turns: TurnRow[];
  tools: Array<{ name: string; arguments: string; status: string }>;
  /** What each of the person's lines was answered with. */
  answers: string[];
  retained: MemoryHit[];
};

export type Script = { vendor: string; persona: string; person: string; lines: string[] };

/** One call from the first request to settled memory, over HTTP and through the page's own module. */
export async function makeCall({ url, gateway }: World, script: Script): Promise<Call> {
  const subject = `user:${script.person}`;
  const { vendor, persona } = script;
  const opened = await post<Opened>(`${url}/v1/sessions`, { vendor, persona, subject, consent: "memory" });
  const guest = await joinRoom(url, opened);
  await guest.hear();
  const answers: string[] = [];
  const tools: Call["tools"] = [];
  for (const line of script.lines) {
    guest.say(line);
    answers.push(await guest.hear());
    if (/remember that/i.test(line)) tools.push(await guest.toolDone());
  }
  await guest.leave();
  const { composer, memory } = gateway;
  const session = await settled(() => composer.get(opened.session_id));
  const known = { bankId: session.bankId, sessionId: session.id, maxResults: 50 };
  const { hits } = await memory.recall(script.lines.join(" "), known);
  return {
    session,
    briefing: (await composer.briefing(session.id))!,
    turns: await composer.transcript(session.id),
    tools,
    answers,
    retained: hits.toSorted((a, b) => a.occurredAt - b.occurredAt),
  };
}

/** The transcript comes when the vendor has it, which may be after the end. */
async function settled(get: () => Promise<SessionRow>): Promise<SessionRow> {
  for (let left = SETTLE_MS / LOOK_MS; left > 0; left--) {
    const row = await get();
    if (row.settled) return row;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error("the call was not settled in time");
}

async function post<T>(url: string, body: object): Promise<T> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (answer.ok) return (await answer.json()) as T;
  throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
}

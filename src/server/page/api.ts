import type { Join } from "../../client/index.ts";
import { readEvents } from "../../client/sse.ts";

export type Choice = { persona: string; subject: string; vendor: string; consent: string };

export type Opened = {
  session_id: string;
  vendor: string;
  join: Join;
  session_token: string;
};

export type Line = {
  block: string;
  text: string;
  source?: { source: string; field: string; age_ms: number };
  memory?: { memory_id: string; session_id: string | null; occurred_at: string; score: number };
  sensitivity: string;
};

export type BriefingView = {
  greeting: string | null;
  lines: Line[];
  overridden: Array<{ text: string; reason: string; by: { source: string; field: string } }>;
  left_out: Array<Line & { reason: string }>;
  failed: Array<{ name: string; code: string }>;
};

export type Settled = { turns: number; retained: number };

/** Asks the gateway. Throws an `Error` with its own words. */
async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, init);
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw new Error(problem.detail ?? `The gateway answered ${answer.status}.`);
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

export type Workspace = {
  personas: Array<{ id: string; name: string }>;
  vendors: string[];
  people: Array<{ subject: string; name: string; note?: string }>;
};

export async function loadWorkspace(): Promise<Workspace> {
  const [choices, people] = await Promise.all([
    json<Omit<Workspace, "people">>("/v1/personas"),
    json<Pick<Workspace, "people">>("/page/people.json"),
  ]);
  return { ...choices, ...people };
}

export function openSession(choice: Choice): Promise<Opened> {
  const headers = { "content-type": "application/json" };
  return json("/v1/sessions", { method: "POST", headers, body: JSON.stringify(choice) });
}

/** For one that could not be entered. */
export async function endSession({ session_id, session_token }: Opened): Promise<void> {
  const headers = { authorization: `Bearer ${session_token}`, "content-type": "application/json" };
  await ask(`/v1/sessions/${session_id}/end`, { method: "POST", headers, body: '{"reason":"not_joined"}' });
}

/** With the session's token: what a browser may see. */
export function loadBriefing({ session_id, session_token }: Opened): Promise<BriefingView> {
  const headers = { authorization: `Bearer ${session_token}` };
  return json(`/v1/sessions/${session_id}/briefing`, { headers });
}

/** Waits until the call is in memory; undefined when that is not told. */
export async function untilSettled(sessionId: string): Promise<Settled | undefined> {
  const { body } = await ask(`/v1/sessions/${sessionId}/events`);
  if (!body) return undefined;
  let settled: Settled | undefined;
  for await (const { type, data } of readEvents(body))
    if (type === "settled") settled = (JSON.parse(data) as { data: Settled }).data;
  return settled;
}

import { type Answer, APP_KEY, caller, OPS_KEY, type OpenedSession } from "../gateway.fixture.ts";

export type Memory = {
  text: string;
  fact_type: string;
  tags: string[];
  session_id: string | null;
  turn_id: string | null;
  speaker: string | null;
  seen_count: number;
};

export type Turn = { key: string; role: string; text: string; channel: string };

export type Line = {
  text: string;
  source?: { source: string; field: string };
  memory?: { session_id: string | null };
};

export type BriefingJson = {
  text: string;
  lines: Line[];
  overridden: Array<{ text: string; by: { source: string; field: string } }>;
};

export type SessionJson = { session_id: string; state: string; settled: boolean; end_reason: string | null };

/** The gateway's HTTP API as the application's backend uses it. */
export function apiOf(url: string) {
  const call = caller(url);

  async function ask<T>(path: string, body?: object): Promise<T> {
    const answer = await call(path, { key: APP_KEY, ...(body && { body }) });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
    return answer.json as T;
  }

  return {
    url,
    call: (path: string, options: Parameters<typeof call>[1] = {}): Promise<Answer> => call(path, options),
    open: (vendor: string, subject: string, consent = "memory") =>
      ask<OpenedSession>("/v1/sessions", { persona: "coach", subject, vendor, consent }),
    end: (id: string) => ask<SessionJson>(`/v1/sessions/${id}/end`, {}),
    session: (id: string) => ask<SessionJson>(`/v1/sessions/${id}`),
    /** Newest first; of one person when that is given. */
    async sessions(subject?: string): Promise<SessionJson[]> {
      const query = subject === undefined ? "" : `&subject=${encodeURIComponent(subject)}`;
      return (await ask<{ sessions: SessionJson[] }>(`/v1/sessions?limit=100${query}`)).sessions;
    },
    briefing: (id: string) => ask<BriefingJson>(`/v1/sessions/${id}/briefing`),
    transcript: async (id: string) => (await ask<{ turns: Turn[] }>(`/v1/sessions/${id}/transcript`)).turns,
    /** Waits until what was said is in memory: the stream of events ends with that. */
    async settled(id: string): Promise<void> {
      await call(`/v1/sessions/${id}/events`, { key: APP_KEY });
    },
    /** All that is remembered of a person, one row a memory; none when there is no bank yet. */
    async memories(person: string): Promise<Memory[]> {
      const { status, text } = await call("/v1/export", {
        key: APP_KEY,
        body: { bank_id: `person:${person}` },
      });
      if (status !== 200) return [];
      return text
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => JSON.parse(line) as Memory);
    },
    recall: async (person: string, query: string) =>
      (
        await ask<{ hits: Array<{ text: string }> }>("/v1/recall", { query, bank_id: `person:${person}` })
      ).hits.map(({ text }) => text),
    /** Value of a metric that has no label, or all of them added up. */
    async metric(name: string): Promise<number> {
      const { text } = await call("/metrics", { key: OPS_KEY });
      const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))];
      return values.reduce((sum, [, value]) => sum + Number(value), 0);
    },
  };
}

export type Api = ReturnType<typeof apiOf>;

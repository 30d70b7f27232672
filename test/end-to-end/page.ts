import { type ClientError, connect, type Session, type TranscriptLine } from "../../src/client/index.ts";
import { FakeDailyCall } from "../../src/presentation/tavus/simulator-daily.ts";
import type { OpenedSession } from "../gateway.fixture.ts";

/** The browser's module as a page uses it, and the person in front of it. */
export class Page {
  readonly lines = new Map<string, TranscriptLine>();
  /** Calls that were relayed, with what became of them. */
  readonly tools: Array<{ name: string; status: string }> = [];
  readonly errors: ClientError[] = [];
  /** Bodies of the gateway's answers, as they came. */
  readonly received: string[] = [];
  readonly #session: Session;
  readonly #waiting = new Set<() => void>();

  static async join(url: string, opened: OpenedSession): Promise<Page> {
    const { session_id: sessionId, session_token: sessionToken, join } = opened;
    const daily = join.kind === "daily" ? { daily: new FakeDailyCall() } : {};
    const received: string[] = [];
    const host = { fetch: recording(received) };
    const session = await connect({ baseUrl: url, sessionId, sessionToken, join, host, ...daily });
    return new Page(session, received);
  }

  private constructor(session: Session, received: string[]) {
    this.#session = session;
    this.received = received;
    session.on("transcript", (line) => this.lines.set(line.id, line));
    session.on("tool", ({ name, status }) => status !== "running" && this.tools.push({ name, status }));
    session.on("error", (error) => this.errors.push(error));
    for (const name of ["transcript", "tool", "error", "state"] as const)
      session.on(name, () => this.#waiting.forEach((look) => void look()));
  }

  get state(): Session["state"] {
    return this.#session.state;
  }

  /** The first thing that the agent says. */
  greeting(): Promise<string> {
    return this.#spoken(new Set());
  }

  /** Says something and waits for the answer. */
  async say(text: string): Promise<string> {
    const before = new Set(this.lines.keys());
    await this.#session.respond(text);
    return this.#spoken(before);
  }

  /** Says something; resolves once the room has heard it. */
  async tell(text: string): Promise<void> {
    await this.#session.respond(text);
    await this.until(() =>
      [...this.lines.values()].find((line) => line.role === "user" && line.text === text),
    );
  }

  async #spoken(before: Set<string>): Promise<string> {
    const { text } = await this.until(() =>
      [...this.lines.values()].find(({ id, role, final }) => role === "agent" && final && !before.has(id)),
    );
    return text;
  }

  /** What `look` finds, now or after something has happened. */
  until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const again = () => {
        const found = look();
        if (found === undefined) return;
        this.#waiting.delete(again);
        resolve(found);
      };
      this.#waiting.add(again);
      again();
    });
  }

  end(): Promise<void> {
    return this.#session.end();
  }
}

function recording(received: string[]): typeof fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    void answer
      .clone()
      .text()
      .then((text) => received.push(text))
      .catch(() => {});
    return answer;
  };
}

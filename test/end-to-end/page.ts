import type { AnamClient } from "@anam-ai/js-sdk";
import { anamRoom } from "../../examples/anam/page.ts";
import {
  type ClientError,
  type ConnectOptions,
  connect,
  type Session,
  type TranscriptLine,
} from "../../src/client/index.ts";
import { FakeAnamClient } from "../../src/presentation/anam/simulator-page.ts";
import { FakeElevenLabsPage } from "../../src/presentation/elevenlabs/simulator-page.ts";
import { FakeLiveKitRoom } from "../../src/presentation/simulator-livekit-room.ts";
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
    const played: string[] = [];
    const { voice, ...means } = meansOf(join, (words) => played.push(words));
    const received: string[] = [];
    const host = { fetch: recording(received) };
    const session = await connect({ baseUrl: url, sessionId, sessionToken, join, host, ...means });
    return new Page(session, received, played, voice);
  }

  readonly #voice: ((text: string) => void) | undefined;

  /** Words that a room plays without telling the transcript: D-ID's greeting. */
  readonly #played: string[];

  private constructor(
    session: Session,
    received: string[],
    played: string[],
    voice?: (text: string) => void,
  ) {
    this.#session = session;
    this.#played = played;
    this.#voice = voice;
    this.received = received;
    session.on("transcript", (line) => this.lines.set(line.id, line));
    session.on("tool", ({ name, status }) => status !== "running" && this.tools.push({ name, status }));
    session.on("error", (error) => this.errors.push(error));
    for (const name of ["transcript", "tool", "error", "state"] as const)
      session.on(name, () => this.#waiting.forEach((look) => void look()));
  }

  /** A page that lost its room comes back, or is out for good. */
  isThere(): Promise<boolean> {
    return this.until(() => {
      const { state } = this.#session;
      return state === "joined" || state === "ended" ? state === "joined" : undefined;
    });
  }

  /** The first thing that the agent says. */
  greeting(): Promise<string> {
    return Promise.race([this.#spoken(new Set()), this.until(() => this.#played[0])]);
  }

  /** Says something and waits for the answer. */
  async say(text: string): Promise<string> {
    const before = new Set(this.lines.keys());
    await this.#speak(text);
    return this.#spoken(before);
  }

  /** Says something; resolves once the room has heard it, or is over. */
  async tell(text: string): Promise<void> {
    await this.#speak(text);
    await this.until(() => {
      const heard = [...this.lines.values()].some((line) => line.role === "user" && line.text === text);
      return heard || this.#session.state === "ended" ? true : undefined;
    });
  }

  /** Where the room has a microphone, into it. */
  async #speak(text: string): Promise<void> {
    if (this.#voice) this.#voice(text);
    else await this.#session.respond(text);
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

/** What the page brings for a kind of room, and the person's voice in it. */
function meansOf(
  join: OpenedSession["join"],
  played: (words: string) => void,
): Partial<ConnectOptions> & { voice?: (text: string) => void } {
  const { kind, url, token = "" } = join;
  if (kind === "anam") {
    const anam = new FakeAnamClient(token, url) as unknown as AnamClient;
    return { transport: anamRoom(anam, join, "avatar") };
  }
  if (kind === "daily") return { daily: new FakeDailyCall() };
  if (kind === "livekit") {
    const room = new FakeLiveKitRoom();
    room.on("dataReceived", (bytes: Uint8Array, _from: unknown, _kind: unknown, topic: string) => {
      if (topic === "chat/partial") played(JSON.parse(new TextDecoder().decode(bytes)).content);
    });
    return { room, voice: (text) => room.speak(text) };
  }
  if (kind === "elevenlabs") {
    const conversation = new FakeElevenLabsPage();
    return { conversation, voice: (text) => void conversation.ask(text).catch(() => {}) };
  }
  return {};
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

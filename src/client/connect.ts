import { Emitter } from "./emitter.ts";
import { createGateway } from "./gateway.ts";
import { hostOf } from "./host.ts";
import { followInstructions } from "./instructions.ts";
import { presence } from "./presence.ts";
import { createRelay } from "./relay.ts";
import { createReporter } from "./reporter.ts";
import { createTranscript } from "./transcript.ts";
import { transportFor } from "./transport.ts";
import {
  ClientError,
  type ClientState,
  type ConnectOptions,
  type Host,
  type Session,
  type ToolCall,
  type ToolResult,
  type Transport,
  type TransportListener,
} from "./types.ts";

/** In another window, that is: the person is still there. */
const JOINED_ELSEWHERE = "joined_elsewhere";
const REJOIN_WAITS_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Joins the session's room and does a page's share of the work: carries tool calls to the server and results
 * back, sends what the server wants on the data channel, reports what was said, comes back after a lost
 * connection, and ends the session when the page goes away.
 *
 * What happens before the page subscribes is kept for its first listener.
 * Errors: a `ClientError` with `join_failed`, `unknown_room`, `nothing_to_join`, or the name of what the page has to
 * bring: `daily_missing`, `livekit_missing`, `elevenlabs_missing`.
 */
export async function connect(options: ConnectOptions): Promise<Session> {
  const host = hostOf(options);
  const transport = transportFor(options, host);
  const running = new RunningSession(options, host, transport);
  await running.join();
  return running;
}

class RunningSession implements Session {
  readonly #events = new Emitter();
  readonly #transport: Transport;
  readonly #host: Host;
  readonly #gateway: ReturnType<typeof createGateway>;
  readonly #reporter: ReturnType<typeof createReporter>;
  readonly #listener: TransportListener;
  readonly #onPageHide = (event: Event) => this.#pageHides(event);
  readonly #endOnPageHide: boolean;
  readonly #sessionId: string;
  #stopFollowing = () => {};
  #state: ClientState = "joining";
  #rejoining: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  constructor(options: ConnectOptions, host: Host, transport: Transport) {
    this.#host = host;
    this.#transport = transport;
    this.#sessionId = options.sessionId;
    this.#endOnPageHide = options.endOnPageHide ?? true;
    this.#gateway = createGateway(options, host);
    const error = (problem: ClientError) => this.#emit("error", problem);
    this.#reporter = createReporter(this.#gateway, host, error);
    const relay = createRelay(this.#gateway, host, (call, result) => {
      this.#emit("tool", { ...call, status: result?.status ?? "running" });
      if (result) void this.#guard(() => sendToolResult(transport, call, result));
    });
    this.#listener = {
      transcript: (line) => this.#emit("transcript", line),
      toolCall: (call) => void relay(call),
      report: (message) => this.#reporter.add(message),
      ended: (reason) => void this.#over(reason),
      lost: () => {
        if (this.#state === "joined") this.#rejoining = this.#rejoin();
      },
      left: () => void this.end("left_room").catch(error),
      error,
    };
  }

  get state(): ClientState {
    return this.#state;
  }

  on: Session["on"] = (name, listener) => this.#events.on(name, listener);

  async respond(text: string): Promise<void> {
    if (this.#transport.respond) return this.#transport.respond(text);
    const message = await this.#gateway.ask("respond", text);
    if (message) await this.#transport.send(message);
  }

  async interrupt(): Promise<void> {
    if (this.#transport.interrupt) return this.#transport.interrupt();
    const message = await this.#gateway.ask("interrupt");
    if (message) await this.#transport.send(message);
  }

  async join(): Promise<void> {
    await this.#transport.join(this.#listener);
    this.#become("joined");
    this.#tellPresence("joined");
    this.#host.page?.addEventListener("pagehide", this.#onPageHide);
    const turn = this.#transport.tellsTranscript ? () => {} : this.#followTranscript();
    this.#stopFollowing = followInstructions(this.#gateway, this.#host, this.#sessionId, {
      send: (message) => void this.#guard(() => this.#transport.send(message)),
      turn,
      ended: (reason) => void this.#over(reason),
    });
  }

  /** Returns what is to be called when something was said. From the start it tells what a page before this one saw. */
  #followTranscript(): () => void {
    const transcript = createTranscript(this.#gateway, (line) => this.#emit("transcript", line));
    void transcript.changed();
    return () => void transcript.changed();
  }

  async end(reason = "user_hung_up"): Promise<void> {
    if (this.#state === "ended") return this.#ending;
    const over = this.#over(reason);
    await Promise.all([over, this.#gateway.end(reason, false)]);
  }

  #emit: Emitter["emit"] = (name, event) => this.#events.emit(name, event);

  #become(state: ClientState, reason?: string): void {
    this.#state = state;
    this.#emit("state", { state, ...(reason !== undefined && { reason }) });
  }

  #tellPresence(what: "joined" | "left"): void {
    if (!this.#transport.presenceKnown) this.#reporter.add(presence(what));
  }

  /** Leaves the room and sends what is still to be told. */
  #over(reason: string): Promise<void> {
    this.#ending ??= (async () => {
      if (this.#state === "joined" && reason !== JOINED_ELSEWHERE) this.#tellPresence("left");
      this.#become("ended", reason);
      this.#host.page?.removeEventListener("pagehide", this.#onPageHide);
      this.#stopFollowing();
      await this.#transport.leave().catch(() => {});
      await this.#reporter.close();
    })();
    return this.#ending;
  }

  async #rejoin(): Promise<void> {
    this.#become("reconnecting");
    this.#tellPresence("left");
    for (const wait of REJOIN_WAITS_MS) {
      await new Promise<void>((resolve) => this.#host.after(wait, resolve));
      if (this.state !== "reconnecting") return;
      if ((await this.#gateway.isRunning()) === false) return this.#over("ended");
      try {
        await this.#transport.join(this.#listener);
        // It ended meanwhile: nobody stays in the room, unseen, with an open microphone.
        if (this.state !== "reconnecting") return await this.#transport.leave();
        this.#become("joined");
        return this.#tellPresence("joined");
      } catch {
        // The next try, after a longer wait.
      }
    }
    this.#emit(
      "error",
      new ClientError("unreachable", "The room could not be reached again. Open a new session."),
    );
    await this.#over("connection_lost");
  }

  /** A page that may come back out of the browser's cache is gone for the agent all the same. */
  #pageHides(_event: Event): void {
    this.#reporter.flush();
    if (!this.#endOnPageHide) return;
    void this.#gateway.end("page_closed", true).catch(() => {});
    void this.#over("page_closed");
  }

  /** What is for the room waits while the room is away, in its order. */
  async #guard(work: () => void | Promise<void>): Promise<void> {
    await this.#rejoining;
    if (this.#state === "ended") return;
    try {
      await work();
    } catch (error) {
      this.#emit(
        "error",
        error instanceof ClientError ? error : new ClientError("send_failed", String(error)),
      );
    }
  }
}

function sendToolResult(transport: Transport, call: ToolCall, result: ToolResult): void | Promise<void> {
  if (transport.sendToolResult) return transport.sendToolResult(result);
  if (result.message) return transport.send(result.message);
  throw new ClientError("tool_unanswered", `The agent could not be told what ${call.name} came to.`);
}

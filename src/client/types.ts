import type { DailyCall, ElevenLabsStarter, LiveKitRoom } from "./sdks.ts";

/** What the page hands to `connect`, and what it gets. Nothing here is a key of a vendor or of the application. */
export type ConnectOptions = {
  /** The gateway, without a trailing slash; empty when it is the page's own origin. */
  baseUrl: string;
  sessionId: string;
  /** From the answer of `POST /v1/sessions`; good for this session alone. */
  sessionToken: string;
  /** Likewise. */
  join: Join;
  /** Daily's call object, made by the page, for `join.kind` `daily`. */
  daily?: DailyCall;
  /** livekit-client's `Room`, made by the page, for `join.kind` `livekit`. Sound and camera are the page's. */
  room?: LiveKitRoom;
  /** `Conversation` of @elevenlabs/client, or something that starts one as it does, for `join.kind` `elevenlabs`. */
  conversation?: ElevenLabsStarter;
  /** Another way into a room than the ones built in; for any `join.kind`. */
  transport?: Transport;
  /** Ends the session when the page goes away, so that nothing runs on unheard. True when absent. */
  endOnPageHide?: boolean;
  /** For tests and other hosts; the browser's own when absent. */
  host?: Partial<Host>;
};

/** How to get into the room, as `POST /v1/sessions` answered. `expires_at` is ISO 8601, `data` what the kind needs besides. */
export type Join = {
  kind: string;
  url: string;
  token?: string;
  expires_at?: string;
  data?: Record<string, unknown>;
};

/** What of the browser is used. */
export type Host = {
  fetch: typeof fetch;
  WebSocket: typeof WebSocket;
  /** `pagehide` is listened for here. */
  page: Pick<EventTarget, "addEventListener" | "removeEventListener"> | undefined;
  /** Keeps the place in the event stream over a reload. */
  storage: Pick<Storage, "getItem" | "setItem"> | undefined;
  /** Calls `run` after `ms`; returns its cancel. */
  after(ms: number, run: () => void): () => void;
};

/**
 * A way into a room and the dialect that is spoken in it. What a room cannot do by itself the server does: it
 * makes the vendor's messages, which come by `send`, and keeps the transcript, whose lines the page is told.
 */
export type Transport = {
  /** Resolves when the person is in the room. Called again to come back after `lost`. */
  join(listener: TransportListener): Promise<void>;
  leave(): Promise<void>;
  /** Sends a message as the server made it. Fails with a `ClientError` when the room could not carry it. */
  send(message: Record<string, unknown>): void | Promise<void>;
  /** The room's own way back for the answer of a tool, such as the value of an RPC; else `send` gets a message. */
  sendToolResult?(result: ToolResult): void;
  /** The person typed instead of speaking, where the room takes that as it is; else the server is asked. */
  respond?(text: string): void;
  /** Likewise. */
  interrupt?(): void;
  /** True when `transcript` is told of all that is said; else it is read from the server, line by line. */
  readonly tellsTranscript?: boolean;
  /** True when the server knows by itself whether the person is there, as on the telephone; else the page reports it. */
  readonly presenceKnown?: boolean;
};

/** What a transport tells of its room. */
export type TransportListener = {
  transcript(line: TranscriptLine): void;
  toolCall(call: ToolCall): void;
  /** The vendor's own message, for the server to read. */
  report(message: Record<string, unknown>): void;
  /** `joined_elsewhere`: the person went on in another window. */
  ended(reason: string): void;
  /** The connection broke; the session may still run. */
  lost(): void;
  /** The person left by the room's own means, such as a button of Daily's. */
  left(): void;
  error(error: ClientError): void;
};

/** An utterance as far as it is known; later lines of the same `id` replace it. */
export type TranscriptLine = {
  id: string;
  role: "user" | "agent";
  text: string;
  /** False while `text` still grows. */
  final: boolean;
  /** What of it has been spoken, where the vendor says. */
  heard?: string;
  interrupted?: boolean;
};

/** A tool that the agent calls. `arguments` is JSON text as the model wrote it. */
export type ToolCall = { toolCallId: string; name: string; arguments: string };
/** What the server answered to a relayed call. `message` is the answer in the vendor's own words, for the room. */
export type ToolResult = {
  toolCallId: string;
  status: "success" | "error";
  output: string;
  message?: Record<string, unknown>;
};
/** A call on its way through the page, first `running`, then with its outcome. */
export type ToolEvent = ToolCall & { status: "running" | ToolResult["status"] };

/** `ended` is final; `reconnecting` goes back to `joined`, or ends. */
export type ClientState = "joining" | "joined" | "reconnecting" | "ended";

/** What `on` tells, by name. */
export type ClientEvents = {
  transcript: TranscriptLine;
  state: { state: ClientState; reason?: string };
  tool: ToolEvent;
  error: ClientError;
};

/**
 * `code` is stable: `join_failed`, `daily_missing`, `livekit_missing`, `elevenlabs_missing`, `unknown_room`,
 * `nothing_to_join` (a telephone call), `message_too_large`, `not_supported`, `tool_unanswered`, `send_failed`,
 * `unreachable`, `reports_dropped`, or the gateway's own.
 */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** For transports: the error of a `join` that failed. */
export function notLetIn(cause?: unknown): ClientError {
  const message = "The room did not let the person in. Open a new session.";
  return new ClientError("join_failed", message, { cause });
}

/** One session in the page. It ends itself when the page goes, unless told not to. */
export type Session = {
  readonly state: ClientState;
  /** Returns the unsubscribe. */
  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void;
  /** The person typed instead of speaking. Errors: `not_supported` where the vendor takes no such words. */
  respond(text: string): Promise<void>;
  /** The agent stops speaking. Errors: `not_supported` where the vendor cannot be told to. */
  interrupt(): Promise<void>;
  /** Ends the session at the server and leaves the room. Idempotent. */
  end(reason?: string): Promise<void>;
};

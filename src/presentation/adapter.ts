import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/telemetry.ts";
import type {
  BrainDialect,
  CallbackRequest,
  InboundCall,
  InboundCalls,
  RunningCall,
  SessionReference,
  SocketCall,
  VendorReply,
  VendorSocket,
  WebhookRequest,
} from "./requests.ts";

export type * from "./requests.ts";

/**
 * The port to a presentation vendor: what it can do is declared data, what it does is six calls.
 * An adapter knows `core` and this file; what it needs of us (brain URL, keys, callback) is handed to it.
 */
export type PresentationAdapter = {
  /** The vendor's name in configuration, URLs and tables: `tavus`, `local`. */
  readonly vendor: string;
  readonly capabilities: Capabilities;
  /** Checks a persona against what the vendor supports, before anything is billed. Empty when it fits. */
  validate(persona: VendorPersona): string[];
  /**
   * Prepares what the vendor needs and opens one session; billing may start here, so it is never retried.
   * It must give every id that it creates to `binding.onResource` before it goes on: what a crash leaves
   * behind is found by the sweep. Errors: the `vendor_*` codes.
   */
  open(briefing: VendorBriefing, persona: VendorPersona, binding: Binding): Promise<OpenedSession>;
  /** Ends the vendor's session. Idempotent: a session that is over, or unknown, is a success. */
  end(session: SessionHandle, reason: string): Promise<void>;
  /** Deletes what `open` prepared. Idempotent. */
  release(resources: VendorResource[]): Promise<void>;
  /** Verifies and normalises one callback. A refused one is an `unauthenticated` error. */
  parseWebhook?(request: WebhookRequest): Promise<PresentationEvent[]>;
  /**
   * Callbacks that a vendor sends to one address for the whole account: verifies one and says whose it is.
   * It goes on as any other callback of that session; `undefined` when it is no session of ours. A forged one
   * is an `unauthenticated` error.
   */
  sessionOfWebhook?(request: CallbackRequest): Promise<SessionReference | undefined>;
  /**
   * What the vendor is answered to an accepted callback of a session; `{"ok": true}` where absent. `call` while
   * the session runs, so that a vendor which asks how to go on can be told; `undefined` once it is over.
   */
  webhookReply?(request: WebhookRequest, call: RunningCall | undefined): VendorReply;
  /** Calls that begin at the vendor, such as a ringing telephone. */
  inbound?: InboundCalls;
  /** Takes a socket that the vendor opened at `binding.socketUrl`: the agent's side of the call is ours. */
  connect?(socket: VendorSocket, call: SocketCall): void;
  /** How the vendor's own custom-LLM dialect differs from OpenAI's, where `capabilities` says so. */
  dialect?: BrainDialect;
  /**
   * What the vendor's data channel gave to the browser, relayed by it: untrusted, checked by the composer.
   * A message that names another session yields nothing.
   */
  parseClientEvent?(message: Record<string, unknown>, session: SessionHandle): PresentationEvent[];
  /**
   * Verifies and normalises a tool call that the vendor sent to `binding.tools.url`, signed with
   * `binding.tools.secret`. A forged one is an `unauthenticated` error.
   */
  parseToolRequest?(request: WebhookRequest, secret: string): ToolCallEvent;
  /** The vendor's record of the call. `complete` is false while it may still grow. */
  fetchTranscript?(session: SessionHandle): Promise<{ turns: VendorTurn[]; complete: boolean }>;
  /** Tells the vendor that the session is in use; called each `capabilities.keepAliveMs` while it is open. */
  keepAlive?(session: SessionHandle): Promise<void>;
  /** Is the session still running at the vendor? `undefined` when the vendor cannot tell. */
  isOpen?(session: SessionHandle): Promise<boolean | undefined>;
  /** Open sessions at the vendor that carry our marker, for the sweep: what we have no record of is ended. */
  listOpen?(): Promise<Array<{ vendorSessionId: string; marker: string; createdAt: number }>>;
  /**
   * What `open` makes at the vendor besides the session, as far as it carries our marker, for the sweep: what
   * belongs to no session of ours is released. Only where such things can outlive their record.
   */
  listLeft?(): Promise<Array<{ marker: string; resources: VendorResource[] }>>;
  /** Server-side commands, where `capabilities` says `server`. */
  command?(session: SessionHandle, command: SessionCommand): Promise<void>;
  /** The message that the browser must send on the vendor's data channel, where `capabilities` says `client`. */
  clientInstruction?(session: SessionHandle, command: SessionCommand): Record<string, unknown>;
  /** How the result of a tool goes back on the data channel. */
  toolResultInstruction?(session: SessionHandle, result: ToolResultMessage): Record<string, unknown>;
};

/** What a vendor can do. The composer asks for nothing else. */
export type Capabilities = {
  family: "conversational" | "renderer" | "voice-agent" | "telephony";
  briefing: {
    kind: "inline" | "stored-resource" | "variables" | "none";
    limit?: { unit: "tokens" | "characters"; max: number };
  };
  customLlm: "openai-base-url" | "full-url" | "vendor-dialect" | "none";
  tools: "client" | "server" | "both" | "none";
  say: CommandSide;
  respond: CommandSide;
  interrupt: CommandSide;
  appendContext: CommandSide;
  /** Where the record comes from; `own` when the words pass through us, so that we write it. */
  transcript: Array<"webhook" | "pull" | "export" | "client-events" | "own">;
  webhooks: "signed" | "unsigned" | "none";
  /** `none`: the guard closes the room or revokes the credential. */
  stop: "server" | "room" | "none";
  /** True when the vendor speaks what it is given, so that Markdown in a briefing would be read aloud. */
  speaksMarkup: boolean;
  /** Said by the brain when the model calls a tool without a word, where the vendor would be silent meanwhile. */
  bufferWords?: string;
  /** True when calls can begin at the vendor (`inbound`). */
  inbound?: boolean;
  /** Without a sign of life the vendor ends the session; this is how often one is given, in milliseconds. */
  keepAliveMs?: number;
  /** Bytes that one data-channel message may have. */
  maxMessageBytes?: number;
  /** Price of a minute in US cents, for budgets; absent when it costs nothing or is not known. */
  centsPerMinute?: number;
};

/** Who can give a command: our server, the page, nobody. */
export type CommandSide = "server" | "client" | "none";

/** The part of a persona that a vendor sees. */
export type VendorPersona = {
  id: string;
  prompt: string;
  greeting?: string;
  language: string;
  tools: VendorTool[];
  /** The persona's own block for this vendor: ids, voices, strategies. */
  vendor: Record<string, unknown>;
};

/** A tool as a vendor registers it. `parameters` is a JSON Schema object. */
export type VendorTool = {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
  /** `speak`: the answer leads to an utterance; `silent`: it only joins the context. */
  result: "speak" | "silent";
  /** `client`: the browser relays it; `server`: the vendor calls us, signed. */
  delivery: "client" | "server";
};

/** The text within the vendor's limit, and what is said first. */
export type VendorBriefing = { text: string; greeting?: string };

/** What our side hands to the vendor for one session. */
export type Binding = {
  sessionId: string;
  /** Goes into a name or metadata field so that a lost session can be recognised as ours: `astrocyte:<sessionId>`. */
  marker: string;
  brain: {
    baseUrl: string;
    apiKey: string /** Signed token for a line of the system prompt. */;
    contextToken: string;
    model: string;
  };
  callbackUrl: string;
  tools: { url: string; secret: string };
  /** Where the vendor may open a WebSocket for this session, `wss://…`; its last part is a secret of the session. */
  socketUrl: string;
  /** The person's telephone number in E.164, from the system of record: for vendors that dial. */
  phone?: string;
  /** Set when the call began at the vendor and is only answered by us. */
  inbound?: InboundCall;
  limits: { maxDurationMs: number; absentTimeoutMs: number; leftTimeoutMs: number };
  /** Pseudonym of the person, the same in each session: for a vendor's own memory, where that was turned on. */
  personTag?: string;
  /** Records a created resource durably before `open` goes on. */
  onResource(resource: VendorResource): Promise<void>;
};

/** Something that `open` made at the vendor and `release` deletes. */
export type VendorResource = { kind: string; id: string };

/** A session that runs, and may cost, now. */
export type OpenedSession = { vendorSessionId: string; join: JoinInfo; resources: VendorResource[] };

/**
 * All that the browser gets of the vendor. `data` is what this kind of room needs besides, such as an SDP offer
 * or the names of the tools that the page has to register.
 */
export type JoinInfo = {
  kind: string;
  url: string;
  token?: string;
  expiresAt?: number;
  data?: Record<string, unknown>;
};

/** How a session is named to its adapter. */
export type SessionHandle = { sessionId: string; vendorSessionId: string; resources: VendorResource[] };

/** What the agent is told during the call. */
export type SessionCommand =
  | { kind: "say"; text: string }
  | { kind: "respond"; text: string }
  | { kind: "interrupt" }
  | { kind: "append_context"; text: string };

/** The outcome of a tool, on its way back to the agent. */
export type ToolResultMessage = {
  toolCallId: string;
  name: string;
  status: "success" | "error";
  output: string;
  result: "speak" | "silent";
};

/** A row of the vendor's transcript, normalised. `key` is stable over every channel that reports the turn. */
export type VendorTurn = {
  key: string;
  role: "user" | "agent" | "system" | "tool";
  text: string;
  /** Milliseconds since the epoch, when the vendor says. */
  at?: number;
  /** What was really heard when the agent was cut off. */
  heard?: string;
  interrupted?: boolean;
};

/** What happened, in our terms. `at` is in milliseconds, when the vendor says. */
export type PresentationEvent =
  | { type: "joined"; at?: number; who: "agent" | "person" }
  | { type: "left"; at?: number; who: "agent" | "person" }
  | { type: "turn"; turn: VendorTurn }
  | { type: "transcript"; turns: VendorTurn[]; complete: boolean }
  | ToolCallEvent
  /** The vendor's id of a session that we knew by another one until now. */
  | { type: "identified"; vendorSessionId: string }
  | { type: "ended"; at?: number; reason: string }
  | { type: "other"; name: string; facts: Record<string, unknown> };

/** `arguments` is the JSON text as the model wrote it: not yet checked. */
export type ToolCallEvent = { type: "tool_call"; toolCallId: string; name: string; arguments: string };

/** What every adapter's factory takes besides its own configuration. */
export type AdapterDeps = {
  clock: Clock;
  logger: Logger;
  /** Takes in what happened in a call that passes through us (`connect`, rooms). Resolves once it is durable. */
  sink(sessionId: string, events: PresentationEvent[]): Promise<void>;
};

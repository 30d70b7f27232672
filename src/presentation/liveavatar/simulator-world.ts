import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { Row } from "../read.ts";
import type { LiveKitSimulator, SimulatedRoom } from "../simulator-livekit.ts";
import type { Peer } from "../simulator-livekit-peer.ts";
import type { SimulatedLlmCall } from "../simulator-llm.ts";
import type { SimulatedAnswer } from "../simulator-server.ts";

/** What goes wrong, or differs, at LiveAvatar: each a switch to turn at any time. The defaults are a good day. */
export type LiveAvatarSwitches = {
  /** 401 to everything. */
  badKey: boolean;
  /** This many calls get 503. */
  failNext: number;
  /** This many calls get 429 with `Retry-After: 1`. */
  rateLimitNext: number;
  /** The work of this path's POST is done, but its answer never arrives. */
  loseAnswerOf: string | undefined;
  /** `code` of a success: the SDK demands 1000, reference pages print 100. */
  successCode: 1000 | 100;
  /** FULL costs two a minute; one minute is taken at start. Without any left sessions end with `NO_CREDITS`. */
  creditsLeft: number;
  /** How an empty account answers a start: with an error `code` inside a 200, or by status. */
  refusesCredits: "envelope" | "status";
  maxConcurrent: number;
  /** The plan's limit, in seconds: a longer `max_session_duration` is cut to it. */
  planSeconds: number;
  /** Milliseconds without activity after which a session ends. */
  idleMs: number;
  /** What stopping a session answers that is over: undocumented. */
  stopsAgain: 200 | 400 | 404;
  /** Whether a session that nobody started yet is in the list of active ones: undocumented. */
  listsUnstarted: boolean;
  /** Whether the custom model is sent the context's prompt as a system message: undocumented. */
  sendsPrompt: boolean;
  /** Unit of the transcript's timestamps: undocumented. */
  timestamps: "ms" | "s";
  /** Rows of the transcript that one answer holds. */
  transcriptPage: number;
  /** The SDK's types say `stop_reason`, the guide `end_reason`. */
  stopReasonField: "stop_reason" | "end_reason";
  /** Milliseconds that the avatar speaks for each sentence. */
  speakMs: number;
};

export function goodDay(): LiveAvatarSwitches {
  return {
    badKey: false,
    failNext: 0,
    rateLimitNext: 0,
    loseAnswerOf: undefined,
    successCode: 1000,
    creditsLeft: 1_000,
    refusesCredits: "envelope",
    maxConcurrent: Number.POSITIVE_INFINITY,
    planSeconds: 3_600,
    idleMs: 300_000,
    stopsAgain: 400,
    listsUnstarted: false,
    sendsPrompt: true,
    timestamps: "ms",
    transcriptPage: 100,
    stopReasonField: "stop_reason",
    speakMs: 0,
  };
}

/** Something stored: a context, a secret, an LLM configuration. */
export type SimStored = Row & { id: string; created_at: string };

export type SimSession = {
  id: string;
  token: string;
  /** The body of the token request. */
  body: Row;
  /** Undefined: nobody told it what to be, and it stays silent. */
  context: SimStored | undefined;
  variables: Record<string, string>;
  state: "created" | "active" | "ended";
  createdAt: number;
  startedAt?: number;
  endedAt?: number;
  endReason?: string;
  creditsConsumed: number;
  room?: SimulatedRoom;
  agent?: Peer;
  listening: boolean;
  greeted: boolean;
  /** Counts what the avatar begins to say: an interruption makes what is under way stale. */
  turn: number;
  history: Array<{ role: string; content: string }>;
  transcript: Array<{ role: "user" | "avatar"; transcript: string; at: number }>;
  cancelIdle: () => void;
  cancelTimers: Array<() => void>;
};

export type SimRequest = {
  method: string;
  path: string;
  query: Record<string, string>;
  body: unknown;
  /** Which credential came. */
  auth: "key" | "session" | "both" | "none";
  status: number | "lost";
};

export type World = {
  url: string;
  apiKey: string;
  clock: Clock;
  switches: LiveAvatarSwitches;
  livekit: LiveKitSimulator;
  sessions: Map<string, SimSession>;
  contexts: Map<string, SimStored>;
  secrets: Map<string, SimStored>;
  llmConfigurations: Map<string, SimStored>;
  /** Id of a stored voice agent to its context's. */
  voiceAgents: Map<string, string>;
  requests: SimRequest[];
  llmRequests: SimulatedLlmCall[];
  running: Set<Promise<unknown>>;
};

export function store(world: World, into: Map<string, SimStored>, body: Row): SimStored {
  const stored = { ...body, id: randomUUID(), created_at: new Date(world.clock.now()).toISOString() };
  into.set(stored.id, stored);
  return stored;
}

export function ok({ switches }: World, data: unknown, status = 200): SimulatedAnswer {
  return { status, body: { code: switches.successCode, data, message: null } };
}

export function fail(status: number, message: string): SimulatedAnswer {
  return { status, body: { code: status * 10, data: null, message } };
}

/** FastAPI's form. */
export function invalid(field: string, msg: string): SimulatedAnswer {
  return { status: 422, body: { detail: [{ loc: ["body", field], msg, type: "value_error" }] } };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}

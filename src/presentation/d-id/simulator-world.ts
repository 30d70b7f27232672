import type { Clock } from "../../core/clock.ts";
import type { Row } from "../read.ts";
import type { LiveKitSimulator, SimulatedRoom } from "../simulator-livekit.ts";
import type { Peer } from "../simulator-livekit-peer.ts";
import type { SimulatedLlmCall, SimulatedThought } from "../simulator-llm.ts";

export type { Row };

/** What may go wrong, and what the contract leaves open. */
export type DIdFaults = {
  /** The next request to `METHOD /path` (a pattern) is refused with this status and kind. */
  refuse: { request: RegExp; status: number; kind: string } | undefined;
  /** So many requests are turned away with 429. */
  rateLimited: number;
  /** The answer to the next such request gets lost; the work is done. */
  loseAnswerOf: RegExp | undefined;
  /** Somebody else writes these instructions into an agent right before its next V2 session. */
  rewrittenMeanwhile: string | undefined;
  /** New agents end in `error` instead of `done`. */
  agentsFail: boolean;
  /** Exports end in `error`. */
  exportsFail: boolean;
  /** Unconfirmed: whether a deleted agent's chats can be exported. */
  exportsNeedAgent: boolean;
  /** An export's archive unpacks to more than anybody wants. */
  bomb: boolean;
  /** Unconfirmed: whether a custom model is told of the tools, in OpenAI's form. As documented it is not. */
  toolsToCustomLlm: boolean;
  /** Unconfirmed: whether a change of an agent reaches sessions that run. */
  patchReachesRunning: boolean;
};

/** How long things take at D-ID, in milliseconds of the clock. */
export type DIdTiming = {
  agentReadyAfterMs: number;
  exportAfterMs: number;
  /** Until D-ID has saved a message of a chat. */
  chatSaveAfterMs: number;
  /** A room in which nothing happens for so long ends with `inactivity`. */
  inactivityMs: number;
};

export type SimAgent = { id: string; body: Row; status: string; createdAt: number };
export type SimChat = { id: string; agentId: string; createdAt: number; messages: SimMessage[] };
export type SimMessage = { role: string; content: string; created_at: string; savedAt: number };
export type SimExport = { id: string; status: string; readyAt: number; archive: Uint8Array };
export type SimSession = {
  id: string;
  agent: SimAgent;
  /** The agent as it was when the session began. */
  body: Row;
  chat: SimChat;
  persist: boolean;
  room: SimulatedRoom;
  peer: Peer | undefined;
  person: string;
  greeted: boolean;
  turn: number;
  open: boolean;
  cancelIdle(): void;
};
export type SimStream = {
  id: string;
  sessionId: string;
  agent: SimAgent;
  open: boolean;
  answered: boolean;
  candidates: Row[];
  spoken: string[];
  cancelIdle(): void;
  timeoutMs: number;
};

export type Thought = Pick<SimulatedThought, "text"> & Partial<SimulatedThought>;
export type RecordedRequest = { method: string; path: string; headers: Row; body: unknown; status: number };

export type World = {
  clock: Clock;
  apiKey: string;
  url: string;
  faults: DIdFaults;
  timing: DIdTiming;
  livekit: LiveKitSimulator;
  agents: Map<string, SimAgent>;
  tools: Map<string, Row>;
  sessions: Map<string, SimSession>;
  streams: Map<string, SimStream>;
  chats: Map<string, SimChat>;
  exports: Map<string, SimExport>;
  /** Allowed origins by client key; `agentId` where it is good for one agent alone. */
  clientKeys: Map<string, { domains: string[]; agentId: string | undefined }>;
  requests: RecordedRequest[];
  llmRequests: SimulatedLlmCall[];
  /** What the agent got over text streams. */
  texts: Array<{ sessionId: string; topic: string; text: string }>;
  /** D-ID's own model, for agents without a custom one. */
  think(messages: Row[], tools: Row[]): Thought;
  /** Work that has begun; `idle` waits for it. */
  running: Set<Promise<unknown>>;
  counter: number;
};

export function noFaults(): DIdFaults {
  return {
    refuse: undefined,
    rateLimited: 0,
    loseAnswerOf: undefined,
    rewrittenMeanwhile: undefined,
    agentsFail: false,
    exportsFail: false,
    exportsNeedAgent: true,
    bomb: false,
    toolsToCustomLlm: false,
    patchReachesRunning: false,
  };
}

export function nextId(world: World, prefix: string): string {
  world.counter++;
  return `${prefix}${world.counter.toString(36).padStart(8, "0")}`;
}

export function keepMessage(world: World, chat: SimChat, role: string, content: string): void {
  const now = world.clock.now();
  const created_at = new Date(now).toISOString();
  chat.messages.push({ role, content, created_at, savedAt: now + world.timing.chatSaveAfterMs });
}

import type { Clock } from "../../core/clock.ts";
import { asRow, type Row } from "../read.ts";
import type { SimulatedLlmCall } from "../simulator-llm.ts";

export type { Row };

/** What goes wrong on purpose; all off unless said otherwise. */
export type ElevenLabsFaults = {
  /** The next call of `METHOD path` is refused with this. */
  refuseNext?: { call: string; status: number; body: unknown; headers?: Record<string, string> } | undefined;
  /** Every call of `METHOD path` is done, and its answer lost. */
  loseAnswerOf?: string | undefined;
  /** Where a conversation's id stands in the answer for a signed url. Seen in the url. */
  conversationId: "url" | "body" | "none";
  /** Unconfirmed: what becomes of records, and of running talk, when their agent is deleted. */
  agentDeletionHidesRecords: boolean;
  agentDeletionEndsTalk: boolean;
  /** Timing of the letters in `audio`: not there, `null` (seen, though the schema has no null), or given. */
  alignment: "none" | "null" | "given";
  /** After an interruption, parts of the old answer still come. */
  lateMessages: boolean;
  /** The list of conversations ignores the filter by a dynamic variable. */
  ignoreVariableFilter: boolean;
  /** Types that are not sent, each sent twice, the last first. */
  webhooks: { missing: string[]; duplicate: boolean; outOfOrder: boolean };
};

/** Milliseconds by the simulator's clock. */
export type ElevenLabsTiming = {
  /** How long a letter takes to be spoken: while it speaks, an agent can be interrupted. */
  perLetter: number;
  /** From a talk's end to its record's. */
  processing: number;
  llm: number;
  ping: number;
  /** Unconfirmed: how long the initiation webhook may take. */
  initiation: number;
};

export type SimRequest = {
  method: string;
  path: string;
  query: Record<string, string>;
  body: unknown;
  status: number;
};
export type SimWebhook = { url: string; headers: Record<string, string>; body: string; status: number };
export type SimToolCall = {
  url: string;
  headers: Record<string, string>;
  body: string;
  status: number;
  answer: string;
};
export type SimAgent = { id: string; body: Row; createdAt: number };

/** A way in: one use when it came with a conversation's id. */
export type SimWay = { agentId: string; conversationId: string | undefined; expiresAt: number };

/** The workspace's post-call webhook. */
export type SimPostCall = { id: string; url: string; secret: string };

/** One conversation and its record. */
export type SimConversation = {
  id: string;
  agent: SimAgent;
  status: "initiated" | "in-progress" | "processing" | "done" | "failed";
  startedAt: number;
  endedAt?: number;
  reason: string;
  initiation: Row;
  variables: Row;
  record: Row[];
  /** What the model is sent besides the prompt. */
  history: Row[];
  eventId: number;
  speaking?: { eventId: number; text: string; row: Row; since: number } | undefined;
  asking?: AbortController | undefined;
  toolResults: Map<string, (result: Row) => void>;
  timers: Set<() => void>;
  /** To whoever talks: a page's socket, or a telephone. */
  send(message: Row): void;
  hangUp(code: number, reason: string): void;
  monitors: Set<(message: Row) => void>;
  phone?: { from: string; to: string; callSid: string };
};

export type World = {
  url: string;
  apiKey: string;
  clock: Clock;
  faults: ElevenLabsFaults;
  timing: ElevenLabsTiming;
  agents: Map<string, SimAgent>;
  tools: Map<string, { id: string; config: Row }>;
  secrets: Map<string, { id: string; name: string; value: string }>;
  ways: Map<string, SimWay>;
  conversations: Map<string, SimConversation>;
  /** Set it, and conversations' ends are told there. */
  postCall: (SimPostCall & { failures: number; lastSuccess: number; disabled: boolean }) | undefined;
  /** Set it, and telephone calls ask there how to begin. */
  initiation: { url: string; headers: Record<string, string> } | undefined;
  requests: SimRequest[];
  llmRequests: SimulatedLlmCall[];
  webhooks: SimWebhook[];
  toolCalls: SimToolCall[];
  /** Work under way. */
  running: Set<Promise<unknown>>;
  count: number;
};

export function newWorld(clock: Clock, apiKey: string, timing: Partial<ElevenLabsTiming>): World {
  return {
    url: "",
    apiKey,
    clock,
    faults: {
      ...{ conversationId: "url", alignment: "none", lateMessages: false, ignoreVariableFilter: false },
      ...{ agentDeletionHidesRecords: false, agentDeletionEndsTalk: false },
      webhooks: { missing: [], duplicate: false, outOfOrder: false },
    },
    timing: { perLetter: 0, processing: 0, llm: 20_000, ping: 2_000, initiation: 5_000, ...timing },
    ...{ agents: new Map(), tools: new Map(), secrets: new Map(), ways: new Map(), conversations: new Map() },
    ...{ postCall: undefined, initiation: undefined },
    ...{ requests: [], llmRequests: [], webhooks: [], toolCalls: [], running: new Set(), count: 0 },
  };
}

export function newId(world: World, prefix: string): string {
  return `${prefix}_${(++world.count).toString().padStart(4, "0")}${"x".repeat(20)}`;
}

/** Work that `idle` waits for. It must not throw. */
export function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/** The parts of an agent's configuration. */
export function partsOf({ body }: SimAgent) {
  const config = asRow(body["conversation_config"]);
  const agent = asRow(config["agent"]);
  const platform = asRow(body["platform_settings"]);
  return {
    agent,
    prompt: asRow(agent["prompt"]),
    conversation: asRow(config["conversation"]),
    turn: asRow(config["turn"]),
    platform,
    overrides: asRow(platform["overrides"]),
  };
}

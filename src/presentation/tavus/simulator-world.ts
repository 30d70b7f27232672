import type { WebSocket } from "ws";
import type { Clock } from "../../core/clock.ts";
import type { Row } from "../read.ts";
import type { SimulatedLlmCall } from "../simulator-llm.ts";
import { noFaults, type TavusFaults } from "./simulator-faults.ts";

export type { Row };

export type SimTool = Row & { tool_id: string; name: string };
export type SimPal = { id: string; name: string; body: Row; toolIds: string[]; createdAt: number };
export type SimMemoryStore = { id: string; palId: string; tag: string; pinned: Row[] };

export type SimConversation = {
  id: string;
  body: Row;
  pal: SimPal | undefined;
  status: "active" | "ended";
  shutdownReason: string | undefined;
  createdAt: number;
  updatedAt: number;
  meetingToken: string | undefined;
  /** What a verbose get replays. */
  events: Row[];
  /** `conversational_context`, as appended to and overwritten. */
  context: string;
  /** What the model is told was said. */
  history: Row[];
  /** Rows of `transcription_ready`. */
  transcript: Row[];
  people: Set<WebSocket>;
  seq: number;
  turnIdx: number;
  avatarIsIn: boolean;
  greeted: boolean;
  /** Ends what the avatar says now; `undefined` while it is silent. */
  cutSpeech: (() => void) | undefined;
  /** Tool calls that wait for the page's result. */
  waiting: Map<string, { tool: SimTool; call: Row }>;
  cancelTimers: Array<() => void>;
};

export type RecordedRequest = {
  method: string;
  path: string;
  query: Row;
  body: unknown;
  status: number;
  at: number;
};
export type SentWebhook = { url: string; event: Row; status: number };
export type ToolDelivery = { url: string; body: Row; status: number };

export type World = {
  clock: Clock;
  apiKey: string;
  faults: TavusFaults;
  /** Timings of a good day, in milliseconds of the clock. */
  timing: TavusTiming;
  /** Address of the server, known once it listens. */
  url: string;
  conversations: Map<string, SimConversation>;
  pals: Map<string, SimPal>;
  tools: Map<string, SimTool>;
  memoryStores: Map<string, SimMemoryStore>;
  requests: RecordedRequest[];
  webhooks: SentWebhook[];
  llmRequests: SimulatedLlmCall[];
  toolDeliveries: ToolDelivery[];
  /** What pages sent on data channels. */
  appMessages: Row[];
  /** Work that has begun; `idle` waits for it. */
  running: Set<Promise<unknown>>;
  counter: number;
};

export type TavusTiming = {
  avatarJoinsAfterMs: number;
  transcriptAfterMs: number;
  perceptionAfterMs: number;
  /** Length of a spoken word; 0 speaks at once. */
  wordMs: number;
};

export function newWorld(clock: Clock, apiKey: string, timing: Partial<TavusTiming>): World {
  return {
    clock,
    apiKey,
    faults: noFaults(),
    timing: { avatarJoinsAfterMs: 0, transcriptAfterMs: 0, perceptionAfterMs: 180_000, wordMs: 0, ...timing },
    url: "",
    conversations: new Map(),
    pals: new Map(),
    tools: new Map(),
    memoryStores: new Map(),
    requests: [],
    webhooks: [],
    llmRequests: [],
    toolDeliveries: [],
    appMessages: [],
    running: new Set(),
    counter: 0,
  };
}

/** Ids with Tavus's prefixes: `c…`, `p…`, `t…`. */
export function nextId(world: World, prefix: string): string {
  world.counter++;
  return `${prefix}${world.counter.toString(16).padStart(11, "0")}`;
}

/** Runs `work` after `ms`, and at once when that is nothing. */
export function later(world: World, ms: number, work: () => void): () => void {
  if (ms > 0) return world.clock.after(ms, work);
  work();
  return () => {};
}

/** ISO 8601 with microseconds, as Tavus writes it. */
export function isoMicros(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}

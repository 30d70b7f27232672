import type { JoinInfo, VendorResource } from "../presentation/adapter.ts";

/**
 * The composer's port to a database: sessions, turns, events, inbox, jobs. It shares one database with the
 * memory store. Every write is durable when it returns.
 */
export type ComposerStore = {
  sessions: SessionStore;
  turns: TurnStore;
  events: EventStore;
  inbox: InboxStore;
  jobs: JobStore;
  toolCalls: ToolCallStore;
};

export type SessionState = "preparing" | "open" | "live" | "ending" | "ended" | "failed";

export type Consent = "none" | "transcript" | "memory";

export type SessionRow = {
  id: string;
  state: SessionState;
  vendor: string;
  persona: string;
  /** Whom the session is with: `user:anna`. */
  subject: string;
  /** Who asked for it. */
  principal: string;
  /** `team:` principals that the credential proved; what is learnt later is stored with the same rights. */
  teams: string[];
  tenantId: string | null;
  bankId: string;
  consent: Consent;
  metadata: Record<string, unknown>;
  vendorSessionId: string | null;
  join: JoinInfo | null;
  resources: VendorResource[];
  /** The composed briefing as JSON (see `composer/briefing`), kept for provenance; emptied by forget. */
  briefing: string | null;
  createdAt: number;
  openedAt: number | null;
  liveAt: number | null;
  lastSeenAt: number | null;
  endedAt: number | null;
  endReason: string | null;
  maxDurationMs: number;
  /** True when the transcript is complete and has been handed to memory. */
  settled: boolean;
  usage: Record<string, number>;
};

export type SessionPatch = Partial<Omit<SessionRow, "id" | "createdAt">>;

export type SessionStore = {
  /**
   * False, and nothing stored, when its principal has `maxActive` sessions that are not over: counted in the
   * same transaction, so that of many that race for the last place one gets it.
   */
  create(row: SessionRow, event: NewEvent, maxActive: number): Promise<boolean>;
  get(id: string): Promise<SessionRow | undefined>;
  byVendorId(vendor: string, vendorSessionId: string): Promise<SessionRow | undefined>;
  /** Applies `patch` only while the state is one of `from`; false when it is not. The event goes in the same transaction. */
  transition(id: string, from: SessionState[], patch: SessionPatch, event?: NewEvent): Promise<boolean>;
  addResource(id: string, resource: VendorResource): Promise<void>;
  /** Adds to counters in `usage`, atomically. */
  addUsage(id: string, usage: Record<string, number>): Promise<void>;
  list(filter: SessionFilter): Promise<SessionRow[]>;
};

export type SessionFilter = {
  states?: SessionState[];
  principal?: string;
  subject?: string;
  vendor?: string;
  settled?: boolean;
  createdAfter?: number;
  /** Newest first; the id after which to go on. */
  after?: string;
  limit: number;
};

export type TurnRow = {
  sessionId: string;
  /** Stable over every channel that reports the turn: a second report updates it. */
  key: string;
  role: "user" | "agent" | "system" | "tool";
  text: string;
  /** What was really heard, when cut off. */
  heard: string | null;
  interrupted: boolean;
  at: number;
  /** Where it was learnt: `webhook`, `pull`, `client`, `local`. */
  channel: string;
  /** Set once the turn was handed to memory: nothing is retained twice. */
  retainedAt: number | null;
};

export type TurnStore = {
  /** Inserts or updates by (session, key); a trusted channel overrides `client`. Returns the keys that are new. */
  upsert(turns: TurnRow[]): Promise<string[]>;
  list(sessionId: string): Promise<TurnRow[]>;
  markRetained(sessionId: string, keys: string[], at: number): Promise<void>;
  remove(sessionId: string): Promise<void>;
};

export type NewEvent = { sessionId: string; at: number; type: string; data: Record<string, unknown> };

export type EventRow = NewEvent & { seq: number };

export type EventStore = {
  append(event: NewEvent): Promise<EventRow>;
  /** After `afterSeq`, oldest first. */
  list(sessionId: string, afterSeq: number, limit: number): Promise<EventRow[]>;
  /** Called after each commit of an event by this process. Returns the unsubscribe. */
  subscribe(listener: (event: EventRow) => void): () => void;
};

export type InboxRow = {
  /** Idempotency: a second message with the same id is not accepted. */
  id: string;
  sessionId: string;
  channel: string;
  receivedAt: number;
  /** Normalised events as JSON. */
  payload: string;
  attempts: number;
};

export type InboxStore = {
  /** True when it was new. Durable when it returns: the sender may be told. */
  accept(row: InboxRow): Promise<boolean>;
  /** Oldest unprocessed rows that have failed fewer than `maxAttempts` times. */
  pending(limit: number, maxAttempts: number): Promise<InboxRow[]>;
  done(id: string): Promise<void>;
  /** Counts the attempt and keeps the row, with the error's code. */
  failed(id: string, code: string): Promise<void>;
};

export type JobRow = {
  id: string;
  kind: string;
  sessionId: string;
  dueAt: number;
  attempts: number;
  payload: string;
};

export type JobStore = {
  /** Same id replaces. */
  put(job: JobRow): Promise<void>;
  /** Claims due jobs for `leaseMs`; a crash makes them due again. */
  claim(now: number, limit: number, leaseMs: number): Promise<JobRow[]>;
  done(id: string): Promise<void>;
  removeFor(sessionId: string): Promise<void>;
};

export type ToolCallRow = {
  sessionId: string;
  /** The vendor's or the page's id of the call; unique in the session. */
  id: string;
  name: string;
  status: "running" | "success" | "error" | "confirm";
  /** What went back; empty while running. Content: removed with the session's copies. */
  output: string;
  at: number;
  /** The memory that a `remember` call stored, so that `forget_last` finds it. */
  memoryId: string | null;
};

export type ToolCallStore = {
  /** Inserts a running call; returns the one that is already there instead, if any. */
  begin(row: ToolCallRow): Promise<ToolCallRow | undefined>;
  finish(row: ToolCallRow): Promise<void>;
  /** Newest first. */
  list(sessionId: string, limit: number): Promise<ToolCallRow[]>;
};

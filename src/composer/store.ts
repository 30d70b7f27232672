import type { InboundCall, JoinInfo, VendorResource } from "../presentation/adapter.ts";

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

/** `preparing` until the vendor has answered, `open` until somebody is there, `live`, `ending` until the vendor has ended it, `ended` or `failed` for good. */
export type SessionState = "preparing" | "open" | "live" | "ending" | "ended" | "failed";

/** What the person agreed to: `none` keeps nothing, `transcript` the call, `memory` learns from it too. */
export type Consent = "none" | "transcript" | "memory";

/** One session. Times are milliseconds since the epoch; null for what has not happened. */
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
  /** The vendor's id of the call that came in and is answered by this session; null for one that we opened. */
  callId: string | null;
  /** Of a telephone call, while it runs: whom the vendor dials, or the call that came in. */
  call: { phone?: string; inbound?: InboundCall } | null;
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

/** Columns to change. */
export type SessionPatch = Partial<Omit<SessionRow, "id" | "createdAt">>;

/** Sessions and their transitions. */
export type SessionStore = {
  /**
   * False, and nothing stored, when its principal has `maxActive` sessions that are not over, or another session
   * of the vendor, one that has not failed, answers the same `callId`. Both are looked at in the same transaction,
   * so that of many that race for the last place, or for one call, one gets it.
   */
  create(row: SessionRow, event: NewEvent, maxActive: number): Promise<boolean>;
  get(id: string): Promise<SessionRow | undefined>;
  byVendorId(vendor: string, vendorSessionId: string): Promise<SessionRow | undefined>;
  /** The session that answers a call, unless it failed. */
  byCallId(vendor: string, callId: string): Promise<SessionRow | undefined>;
  /** Applies `patch` only while the state is one of `from`; false when it is not. The event goes in the same transaction. */
  transition(id: string, from: SessionState[], patch: SessionPatch, event?: NewEvent): Promise<boolean>;
  addResource(id: string, resource: VendorResource): Promise<void>;
  /** Adds to counters in `usage`, atomically. */
  addUsage(id: string, usage: Record<string, number>): Promise<void>;
  list(filter: SessionFilter): Promise<SessionRow[]>;
};

/** All that are given must hold. `createdAfter` is in milliseconds. */
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

/** One utterance of a session. Times are milliseconds since the epoch. */
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

/** What was said, once however many channels report it. */
export type TurnStore = {
  /** Inserts or updates by (session, key); a trusted channel overrides `client`. Returns the keys that are new. */
  upsert(turns: TurnRow[]): Promise<string[]>;
  list(sessionId: string): Promise<TurnRow[]>;
  markRetained(sessionId: string, keys: string[], at: number): Promise<void>;
  remove(sessionId: string): Promise<void>;
};

/** Something that happened in a session: names, codes and counts, no content. */
export type NewEvent = { sessionId: string; at: number; type: string; data: Record<string, unknown> };

/** An event in its place: `seq` grows by the session, without gaps for a reader. */
export type EventRow = NewEvent & { seq: number };

/** The log that clients follow. */
export type EventStore = {
  append(event: NewEvent): Promise<EventRow>;
  /** After `afterSeq`, oldest first. */
  list(sessionId: string, afterSeq: number, limit: number): Promise<EventRow[]>;
  /** Called after each commit of an event by this process. Returns the unsubscribe. */
  subscribe(listener: (event: EventRow) => void): () => void;
};

/** A message of a vendor or page that was accepted and is not processed yet. */
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

/** Accepted once, processed until it succeeds or has failed too often. */
export type InboxStore = {
  /** True when it was new. Durable when it returns: the sender may be told. */
  accept(row: InboxRow): Promise<boolean>;
  /** Oldest unprocessed rows that have failed fewer than `maxAttempts` times. */
  pending(limit: number, maxAttempts: number): Promise<InboxRow[]>;
  done(id: string): Promise<void>;
  /** Counts the attempt and keeps the row, with the error's code. */
  failed(id: string, code: string): Promise<void>;
};

/** Work that is due at a time (milliseconds since the epoch). */
export type JobRow = {
  id: string;
  kind: string;
  sessionId: string;
  dueAt: number;
  attempts: number;
  payload: string;
};

/** Work that survives a crash; claimed by one process at a time. */
export type JobStore = {
  /** Same id replaces. */
  put(job: JobRow): Promise<void>;
  /** Claims due jobs for `leaseMs`; a crash makes them due again. */
  claim(now: number, limit: number, leaseMs: number): Promise<JobRow[]>;
  done(id: string): Promise<void>;
  removeFor(sessionId: string): Promise<void>;
};

/** One call of a tool in a session. */
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

/** Tool calls, each run once however often it is asked for. */
export type ToolCallStore = {
  /** Inserts a running call; returns the one that is already there instead, if any. */
  begin(row: ToolCallRow): Promise<ToolCallRow | undefined>;
  finish(row: ToolCallRow): Promise<void>;
  /** Newest first. */
  list(sessionId: string, limit: number): Promise<ToolCallRow[]>;
};

import type { ContentType, Grant, Hold, Permission, Principal } from "./types.ts";

/**
 * The memory engine's port to a database: five narrow interfaces over one connection. Every call is scoped
 * to a bank. Errors: `store_failed`, `store_full`, `store_busy`, `store_newer`; a failed write changes nothing.
 */
export type MemoryStore = {
  banks: BankStore;
  memories: MemoryRows;
  search: MemorySearch;
  governance: GovernanceStore;
  audit: AuditLog;
  /**
   * Runs a module's default export beside the data, where the store has such a place: one message there and one
   * back in place of one for every read. It is called with reads that see one state, and with `task`, and may
   * wait for these reads alone. Task and result are plain data. Banks take turns by `bankId`; `signal` ends the wait
   * of a task that has not begun.
   */
  beside?<T>(module: URL, task: unknown, bankId: string, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
};

/** The reads that a search is made of. */
export type MemoryReads = {
  banks: Pick<BankStore, "get">;
  memories: Pick<MemoryRows, "get">;
  search: MemorySearch;
};

/** A bank and whose it is. `createdAt` is in milliseconds. */
export type BankRow = {
  id: string;
  owner: Principal;
  createdAt: number;
  /** Identity of the vectors in this bank; see `LLMProvider.embeddingModel`. */
  embeddingModel: string;
};

/** The banks there are. */
export type BankStore = {
  get(bankId: string): Promise<BankRow | undefined>;
  /** Creates it unless it exists; returns the one that is there. */
  ensure(bank: BankRow): Promise<BankRow>;
  list(): Promise<Array<BankRow & { memories: number }>>;
  /** Removes the bank with everything in it. */
  drop(bankId: string, audit: NewAuditEntry): Promise<void>;
};

/** One stored memory. Times are milliseconds. */
export type MemoryRow = {
  id: string;
  bankId: string;
  text: string;
  contentType: ContentType;
  factType: string;
  metadata: Record<string, unknown>;
  tags: string[];
  source: string | null;
  sessionId: string | null;
  /** Order within the session (or document); neighbours differ by one. */
  position: number;
  speaker: string | null;
  turnId: string | null;
  occurredAt: number;
  retainedAt: number;
  expiresAt: number | null;
  /** SHA-256 of the normalised text with its speaker: exact duplicates in a bank share it. */
  hash: string;
  flags: string[];
  /** The attribute that a fact is about ("anna/residence"), when one is recognised. */
  slot: string | null;
  supersededBy: string | null;
  supersededAt: number | null;
  seenCount: number;
  lastSeenAt: number;
  deletedAt: number | null;
  principal: Principal;
};

/** A row and its vector, of unit length. */
export type NewMemory = { row: MemoryRow; vector: Float32Array };

/** What one transaction does: all of it or nothing. */
export type WriteBatch = {
  bankId: string;
  memories: NewMemory[];
  /**
   * Memories that were said again: `seenCount` grows, `lastSeenAt` moves. With `expiresAt` the later expiry
   * holds (null: never), so that what was just said does not vanish with what was said before.
   */
  merges: Array<{ memoryId: string; seenAt: number; expiresAt?: number | null }>;
  /** Older facts replaced by a memory of this batch or of the bank; with nulls one is the current fact again. */
  supersedes: Array<{ memoryId: string; by: string | null; at: number | null }>;
  /** Stored with the outcome so that a repeat returns it. */
  idempotency?: { key: string; result: string };
  audit: NewAuditEntry[];
};

/** `duplicates` maps the id of a memory of the batch to the one that already had its hash; it was merged instead. */
export type WriteOutcome = { duplicates: Record<string, string>; idempotent?: string };

/** All fields must hold; an empty one selects nothing. Softly deleted rows are included. */
export type Selector = {
  memoryIds?: string[];
  tags?: string[];
  before?: number;
  source?: string;
  sessionId?: string;
  /** Rows whose `expiresAt` is at or before this time. */
  expiredAt?: number;
  /** Rows softly deleted at or before this time. */
  deletedBefore?: number;
  all?: boolean;
};

/** The memories of a bank. */
export type MemoryRows = {
  /** One transaction, durable when it returns, seen by the next search of any process. */
  write(batch: WriteBatch): Promise<WriteOutcome>;
  idempotent(bankId: string, key: string): Promise<string | undefined>;
  /** In the order of `ids`; missing ones are left out. */
  get(bankId: string, ids: string[]): Promise<MemoryRow[]>;
  byHash(bankId: string, hashes: string[]): Promise<Array<{ id: string; hash: string }>>;
  bySlot(bankId: string, slots: string[]): Promise<MemoryRow[]>;
  /** -1 when the session has no rows. */
  lastPosition(bankId: string, sessionId: string): Promise<number>;
  select(bankId: string, selector: Selector): Promise<string[]>;
  softDelete(bankId: string, ids: string[], at: number, audit: NewAuditEntry): Promise<number>;
  restore(bankId: string, ids: string[], audit: NewAuditEntry): Promise<number>;
  /** Row, vector, postings, caches: no byte of the text stays in the database after `purge` returns. */
  purge(bankId: string, ids: string[], audit: NewAuditEntry): Promise<number>;
  /** Pages through a bank in insertion order; `after` is the last id seen. Soft-deleted rows are included. */
  scan(bankId: string, after: string | undefined, limit: number): Promise<NewMemory[]>;
  /** Re-embedding: replaces vectors. When `model` is given it becomes the bank's. */
  replaceVectors(
    bankId: string,
    vectors: Array<{ id: string; vector: Float32Array }>,
    model?: string,
  ): Promise<void>;
};

/** All that are given hold before the best are taken. Times are milliseconds. */
export type SearchFilter = {
  /** All must be present. */
  tags?: string[];
  /** Range of `occurredAt`: from <= occurredAt < to. */
  from?: number;
  to?: number;
  sessionId?: string;
  /** Only what was known then: min(occurredAt, retainedAt) <= asOf, and not deleted by then. */
  asOf?: number;
  /** For expiry. */
  now: number;
};

/**
 * What one strategy found: three arrays of one length. `contexts[i]` is the same measure over the memory
 * together with its neighbours in the session, so that a question is answered by the reply next to it.
 * `matched` counts all rows that had a score before `limit`.
 */
export type Candidates = { ids: string[]; scores: number[]; contexts: number[]; matched: number };

/** Raw scores; fusing them is the engine's. Runs off the caller's thread, fairly between banks. */
export type MemorySearch = {
  /** BM25 with the bank's own statistics. `text` is the question as asked; the store analyses it as it did the rows. */
  lexical(bankId: string, text: string, filter: SearchFilter, limit: number): Promise<Candidates>;
  /** Cosine, exact. */
  dense(bankId: string, vector: Float32Array, filter: SearchFilter, limit: number): Promise<Candidates>;
  /** Newest by `occurredAt`; scores are those times. */
  recent(bankId: string, filter: SearchFilter, limit: number): Promise<Candidates>;
};

/** Grants, holds and counters. */
export type GovernanceStore = {
  grants(bankId: string): Promise<Grant[]>;
  setGrant(
    bankId: string,
    principal: Principal,
    permissions: Permission[],
    audit: NewAuditEntry,
  ): Promise<void>;
  removeGrant(bankId: string, principal: Principal, audit: NewAuditEntry): Promise<void>;
  holds(bankId: string): Promise<Hold[]>;
  setHold(hold: Hold, audit: NewAuditEntry): Promise<void>;
  removeHold(bankId: string, holdId: string, audit: NewAuditEntry): Promise<boolean>;
  /** Adds `amount` to a counter unless it would pass `limit`; atomic over processes, kept over restarts. */
  consume(
    counter: string,
    windowStart: number,
    amount: number,
    limit: number,
  ): Promise<{ allowed: boolean; used: number }>;
};

/** Who did what in which bank, and how it ended; `at` in milliseconds, no content. */
export type NewAuditEntry = {
  at: number;
  principal: Principal;
  operation: string;
  bankId: string;
  outcome: string;
  facts: Record<string, unknown>;
};

/** An entry in its place in the chain. */
export type AuditRow = NewAuditEntry & { seq: number; previousHash: string; hash: string };

/** Append-only; each entry's hash covers the one before it (see `core/hash-chain.ts`). */
export type AuditLog = {
  append(entries: NewAuditEntry[]): Promise<void>;
  read(afterSeq: number, limit: number, bankId?: string): Promise<AuditRow[]>;
};

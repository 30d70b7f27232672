import type { ContentPart } from "./llm/provider.ts";

/** Milliseconds since the epoch, an ISO 8601 string, or a Date. Outputs are always milliseconds. */
export type TimeInput = number | string | Date;

/** `read` recalls, `write` retains, `forget` forgets; `admin` exports, imports, grants, holds and drops. */
export type Permission = "read" | "write" | "forget" | "admin";

/** `user:anna`, `agent:support-1`, `service:crm`, `team:sales`, or `*` (in grants only). */
export type Principal = string;

/** Somebody who acts or is acted for: `{type: "user", id: "anna"}` is `user:anna`. */
export type Party = {
  type: "user" | "agent" | "service" | "team";
  id: string;
  claims?: Record<string, unknown>;
};

/**
 * Who acts. With `onBehalfOf` the effective permissions are the intersection of both parties' grants.
 * It comes from a credential or a session, never from a request body.
 */
export type AstrocyteContext = {
  principal: Principal;
  actor?: Party;
  onBehalfOf?: Party;
  tenantId?: string;
  /** `team:` principals that the credential proved the principal to be in. */
  teams?: Principal[];
};

/** How content is split: a conversation by turns, a document by headings, a text when it is long. */
export type ContentType = "text" | "conversation" | "transcript" | "document";

/** One utterance of a conversation. */
export type ConversationTurn = {
  speaker: string;
  text: string;
  occurredAt?: TimeInput;
  /** The caller's own id of the turn; comes back on the hit as `turnId`. */
  id?: string;
};

/** A text, parts with images or audio, or the turns of a conversation. */
export type RetainContent = string | ContentPart[] | ConversationTurn[];

/** Where content goes and what is known of it. Needs `write`. */
export type RetainOptions = {
  bankId: string;
  context?: AstrocyteContext;
  metadata?: Record<string, unknown>;
  tags?: string[];
  /** When it was said or happened; now when absent. */
  occurredAt?: TimeInput;
  /** Where it came from, e.g. `tavus`, `crm`, `chat`. */
  source?: string;
  contentType?: ContentType;
  /** The call or chat that it belongs to; neighbours within a session are found together. */
  sessionId?: string;
  /** Who said a plain text; conversations carry their own speakers. */
  speaker?: string;
  /** A second retain with the same key in the same bank returns the first one's result and stores nothing. */
  idempotencyKey?: string;
  expiresAt?: TimeInput;
  factType?: string;
  multimodal?: "caption_then_embed" | "multimodal_embed" | "text_only";
};

/** How often something of a kind was replaced by `[kind]`. */
export type Redaction = { kind: string; count: number };

/** What became of one chunk of the content. */
export type RetainedChunk = {
  memoryId: string;
  action: "stored" | "merged";
  /** The memory that this one replaces as the current fact. */
  supersedes?: string;
  /** `injection`: stored as data, never rendered as an instruction. */
  flags: string[];
};

/** What became of the content. A refusal is a result, not an error. */
export type RetainResult = {
  /** True when at least one new memory was stored. */
  stored: boolean;
  /** The first memory of `chunks`, as the upstream API names it. */
  memoryId?: string;
  /** True when everything was known already. */
  deduplicated: boolean;
  action: "stored" | "merged" | "refused";
  /** Why it was refused, e.g. `pii: card`. */
  reason?: string;
  redactions: Redaction[];
  chunks: RetainedChunk[];
};

/** A memory, or a row of the caller's, that fits a question. Times are milliseconds. */
export type MemoryHit = {
  memoryId: string;
  bankId: string;
  text: string;
  /** 0 to 1, comparable within one result. */
  score: number;
  factType: string;
  contentType: ContentType;
  metadata: Record<string, unknown>;
  tags: string[];
  source?: string;
  sessionId?: string;
  speaker?: string;
  turnId?: string;
  occurredAt: number;
  retainedAt: number;
  /** `memory` is stored here; `external` came in with the call (system of record, RAG). */
  origin: "memory" | "external";
  /** Set when a newer memory replaced this one as the current fact. */
  supersededBy?: string;
  flags: string[];
};

/** A row of the caller's own to blend in: only the text is needed. */
export type ExternalHit = Pick<MemoryHit, "text"> & Partial<MemoryHit>;

/** What a recall that is late or broken does: goes on with what it has, or fails. */
export type RecallMode = "best-effort" | "required";

/** Where and how to search. Needs `read` on every bank that is named. */
export type RecallOptions = {
  bankId?: string;
  banks?: string[];
  /** `parallel` (default): all banks, one ranking. `cascade`: in order until enough. `first_match`: the first bank with a hit. */
  strategy?: "cascade" | "parallel" | "first_match";
  context?: AstrocyteContext;
  /** 10 when absent. */
  maxResults?: number;
  /** Tokens (o200k) that the texts of all hits may take together. */
  maxTokens?: number;
  /** Only memories that carry all of these. */
  tags?: string[];
  timeRange?: { from?: TimeInput; to?: TimeInput };
  sessionId?: string;
  /** What was known at that time. */
  asOf?: TimeInput;
  externalContext?: ExternalHit[];
  /** `titles` shortens each text to its first sentence of at most 120 characters. */
  detailLevel?: "titles" | "full";
  /** Milliseconds; at the deadline what has arrived is ranked and `trace.late` names the rest. */
  deadlineMs?: number;
  /** `required` raises `deadline_exceeded` or `memory_unavailable` where `best-effort` degrades. */
  mode?: RecallMode;
  signal?: AbortSignal;
};

/** How the hits were found. Times are milliseconds. */
export type RecallTrace = {
  strategiesUsed: string[];
  totalCandidates: number;
  fusionMethod: string;
  latencyMs: number;
  strategyTimingsMs: Record<string, number>;
  strategyCandidateCounts: Record<string, number>;
  /** Strategies that had not answered at the deadline. */
  late: string[];
  /** Strategies that failed, with their error codes. */
  failed: Record<string, string>;
  /** Hits left out by `maxTokens`. */
  cut: number;
  /** The time that the query's words meant, if any. */
  timeRange?: { from: number; to: number };
  cacheHit: boolean;
};

/** The hits, best first, and whether they can be relied on. */
export type RecallResult = {
  hits: MemoryHit[];
  totalAvailable: number;
  truncated: boolean;
  /** True when nothing in memory fits the question; `hits` is then empty. */
  nothingFits: boolean;
  /** True when a strategy was late or failed. */
  degraded: boolean;
  trace: RecallTrace;
};

/** As for recall; `maxResults` are sources, 12 when absent. */
export type ReflectOptions = Omit<RecallOptions, "detailLevel" | "externalContext"> & {
  externalContext?: ExternalHit[];
  includeSources?: boolean;
};

/** An answer, and what it rests on. */
export type ReflectResult = {
  answer: string;
  /** `llm`: written by the model; `extractive`: quoted from memory; `unknown`: memory holds nothing. */
  method: "llm" | "extractive" | "unknown";
  confidence: number;
  /** Ids of the memories that the answer cites; each is one of `sources`. */
  citations: string[];
  sources: MemoryHit[];
};

/** What to forget: all selectors that are given hold. Needs `forget`. */
export type ForgetOptions = {
  bankId: string;
  context?: AstrocyteContext;
  memoryIds?: string[];
  /** Memories that carry all of these. */
  tags?: string[];
  /** Memories that occurred before this time. */
  before?: TimeInput;
  source?: string;
  sessionId?: string;
  /** Everything in the bank; needs `admin`. Exclusive with the other selectors. */
  scope?: "all";
  /** `soft` (default) can be restored until purged; `hard` is gone at once. */
  mode?: "soft" | "hard";
  dryRun?: boolean;
};

/** What was forgotten, or would be. */
export type ForgetResult = {
  deletedCount: number;
  memoryIds: string[];
  /** How many of the given `memoryIds` the bank does not hold. */
  notFound: number;
  dryRun: boolean;
  mode: "soft" | "hard";
};

/** What a principal, a team or everybody (`*`) may do on a bank. */
export type Grant = { principal: Principal; permissions: Permission[] };

/** A bank as its users see it. `createdAt` is in milliseconds. */
export type BankInfo = {
  bankId: string;
  owner: Principal;
  memories: number;
  createdAt: number;
  embeddingModel: string;
};

/** A legal hold. `setAt` is in milliseconds. */
export type Hold = { holdId: string; bankId: string; reason: string; setBy: Principal; setAt: number };

/** Of an instance whose engine the caller wired. */
export type AstrocyteOptions = {
  /** Who acts when a call gives no context; `user:local` when absent. */
  principal?: Principal;
  /** How long a softly deleted memory can be restored, in milliseconds; 30 days when absent. */
  keepDeletedMs?: number;
  /** Closes what was opened for this instance. */
  close?: () => Promise<void>;
};

/** A call on one bank. Without `context` the instance's own principal acts. */
export type BankCall = { bankId: string; context?: AstrocyteContext };

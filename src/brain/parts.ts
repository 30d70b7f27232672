import type { BrainTools } from "../composer/tools/in-brain.ts";
import type { Briefing } from "../composer/types.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/telemetry.ts";
import type {
  AstrocyteContext,
  MemoryHit,
  Principal,
  RecallOptions,
  RecallResult,
  RetainContent,
  RetainOptions,
  RetainResult,
} from "../memory/types.ts";
import type { TurnTrace } from "./trace.ts";
import type { Upstream } from "./upstreams.ts";

/** What the shared brain works with; wired by `open.ts`. */
export type BrainParts = {
  /** Without it the brain relays and remembers nothing. */
  memory?: BrainMemory;
  /** Without it only API keys bind. */
  sessions?: BrainSessions;
  keys?: BrainKey[];
  /** Tried in order; the next one takes over when one cannot answer. */
  upstreams: Upstream[];
  /** Vendors' own forms of a request, by the vendor's name; served at `/dialects/<vendor>`. */
  dialects?: ReadonlyMap<string, BrainDialect>;
  /** The model of a dialect's request that names none. */
  dialectModel?: string;
  settings?: Partial<BrainSettings>;
  clock?: Clock;
  logger?: Logger;
  /** Told of every turn when it is over. It must not throw. */
  onTurn?(turn: TurnTrace): void;
};

/** A vendor's own form of a chat-completions request, of its whole answer and of an error. Streams pass as they are. */
export type BrainDialect = {
  /** Errors: `invalid_input`. */
  request(body: Record<string, unknown>): Record<string, unknown>;
  answer(completion: Record<string, unknown>): Record<string, unknown>;
  /** OpenAI's form where absent. */
  refusal?(body: Record<string, unknown>, status: number): Record<string, unknown>;
};

/** What the brain needs of the memory engine; the class `Astrocyte` has it. */
export type BrainMemory = {
  recall(query: string, options: RecallOptions): Promise<RecallResult>;
  retain(content: RetainContent, options: RetainOptions): Promise<RetainResult>;
  /** Creates the bank of an API key unless it exists: a user's first turn finds nothing, and is no error. */
  openBank?(bankId: string, options: { context: AstrocyteContext }): Promise<void>;
  /** Called after every write to or removal from a bank, so that nothing found before it is used again. */
  onChange?(listener: (bankId: string) => void): () => void;
};

/** How a request finds its session; the composer has it. Keys and tokens are checked in constant time. */
export type BrainSessions = {
  bySessionKey(key: string): Promise<BoundSession | "unknown" | "ended">;
  byContextToken(token: string): Promise<BoundSession | "unknown" | "ended">;
  /** Adds to the session's counters: `llm_turns`, `llm_input_tokens`, `llm_output_tokens`, `llm_cents` … */
  addUsage(sessionId: string, usage: Record<string, number>): Promise<void>;
};

/** The session that a request belongs to, and what the brain may use for it. */
export type BoundSession = {
  sessionId: string;
  context: AstrocyteContext;
  /** The person's bank first; empty when the session may not use memory. */
  bankIds: string[];
  /** Put first in the messages unless the vendor has it there already. */
  briefing?: Pick<Briefing, "text" | "lines">;
  /** True when an authoritative field of the briefing contradicts the memory: it is then not injected. */
  overrides?(hit: MemoryHit): boolean;
  recall?: Partial<RecallSettings>;
  memoryTools?: boolean;
  /** Said at once when the model calls a tool without a word. */
  bufferWords?: string;
  /** The persona's own tools, where the vendor cannot call them. */
  tools?: BrainTools;
};

/** A credential of the configuration, for callers without a session. */
export type BrainKey = {
  /** For logs and counters. */
  name: string;
  /** SHA-256 of the key, lowercase hex (`sha256` of `core/secrets.ts`). */
  hash: string;
  principal: Principal;
  /** `app:notes`, or one bank a user: `app:{user}`. Without it the key has no memory of its own. */
  bank?: string;
  /** Lets the request's `user` fill `{user}`; needed for a bank that has it. */
  allowUserScope?: boolean;
  /** Accepts a session's signed token in a system message: for a vendor agent shared by many sessions. */
  contextTokens?: boolean;
  /** `completed`: an exchange that ran to its end is retained. For callers that send no transcripts. */
  retain?: "never" | "completed";
  memoryTools?: boolean;
  recall?: Partial<RecallSettings>;
};

/** How a turn asks memory. */
export type RecallSettings = {
  /** Milliseconds that a turn waits for memory; 150 by default. */
  deadlineMs: number;
  maxResults: number;
  /** Tokens (o200k) of the memory block; 600 by default. */
  maxTokens: number;
  /** Fails the turn when memory cannot answer, instead of going on without it. */
  required: boolean;
};

/** Milliseconds throughout. */
export type BrainSettings = {
  recall: RecallSettings;
  maxBodyBytes: number;
  /** How long a request body may take to arrive. */
  bodyTimeoutMs: number;
  /** Silence of the upstream after which a waiting stream gets an SSE comment, and again each time. */
  keepAliveMs: number;
  /** How long an upstream may take to its first byte: streamed, and in one piece. */
  firstByteTimeoutMs: number;
  wholeAnswerTimeoutMs: number;
  /** Longest pause within a stream, on either side. */
  idleTimeoutMs: number;
  /** How long what was recalled for a question serves the same question again. */
  reuseMs: number;
  /** How long a completed exchange waits before it is retained, for a longer version of the same question. */
  settleMs: number;
  /** Bounds of the memory tools that run on the server. */
  toolRounds: number;
  toolTimeoutMs: number;
  /** Requests at a time. */
  streamsPerSession: number;
  streamsPerKey: number;
};

/** What holds where neither the configuration nor a key says otherwise. */
export const DEFAULT_RECALL: RecallSettings = {
  deadlineMs: 150,
  maxResults: 8,
  maxTokens: 600,
  required: false,
};

/** What holds where the configuration says nothing. Milliseconds and bytes. */
export const DEFAULT_SETTINGS: BrainSettings = {
  recall: DEFAULT_RECALL,
  maxBodyBytes: 20 * 1024 * 1024,
  bodyTimeoutMs: 30_000,
  keepAliveMs: 5_000,
  firstByteTimeoutMs: 60_000,
  wholeAnswerTimeoutMs: 300_000,
  idleTimeoutMs: 60_000,
  reuseMs: 3_000,
  settleMs: 3_000,
  toolRounds: 3,
  toolTimeoutMs: 5_000,
  streamsPerSession: 16,
  streamsPerKey: 2_048,
};

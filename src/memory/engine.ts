import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/telemetry.ts";
import type { LLMProvider } from "./llm/provider.ts";
import type { Policy } from "./policy/policy.ts";
import type { MemoryStore } from "./store.ts";

/** What the engine's functions work with; wired by `open.ts`. */
export type Engine = {
  store: MemoryStore;
  /** Makes the vectors. */
  embedder: LLMProvider;
  /** Writes text; absent when none is configured: nothing on the write or recall path needs it. */
  llm?: LLMProvider;
  policy: Policy;
  clock: Clock;
  logger: Logger;
  settings: EngineSettings;
};

export type EngineSettings = {
  /** Tokens of all hits together when a call gives no `maxTokens`. */
  recallMaxTokens?: number;
  reflectMaxTokens: number;
  /** Milliseconds, applied when a call gives none; absent means no deadline. */
  recallDeadlineMs?: number;
};

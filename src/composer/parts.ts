import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/telemetry.ts";
import type { LLMProvider } from "../memory/llm/provider.ts";
import type {
  AstrocyteContext,
  ForgetOptions,
  ForgetResult,
  RecallOptions,
  RecallResult,
  ReflectOptions,
  ReflectResult,
  RetainContent,
  RetainOptions,
  RetainResult,
} from "../memory/types.ts";
import type { Capabilities, PresentationAdapter } from "../presentation/adapter.ts";
import type { SystemOfRecord } from "./briefing/sources/index.ts";
import type { ComposerStore } from "./store.ts";
import type { InboundLine } from "./telephone/config.ts";
import type { ToolDefinition } from "./tools/definitions.ts";
import type { Briefing, Persona, Subject } from "./types.ts";

/** What the composer needs of the memory engine; the class `Astrocyte` has it. */
export type ComposerMemory = {
  /** Creates the bank unless it exists. `AccessDenied` unless the context may read (and write) it. */
  openBank(bankId: string, options: { context: AstrocyteContext; write: boolean }): Promise<void>;
  retain(content: RetainContent, options: RetainOptions): Promise<RetainResult>;
  recall(query: string, options: RecallOptions): Promise<RecallResult>;
  reflect(query: string, options: ReflectOptions): Promise<ReflectResult>;
  forget(options: ForgetOptions): Promise<ForgetResult>;
};

/** For whom, as whom and for which vendor a briefing is composed. */
export type BriefingRequest = {
  persona: Persona;
  subject: Subject;
  context: AstrocyteContext;
  /** The person's bank first. */
  banks: string[];
  capabilities: Capabilities;
  /** True when the person is known by a caller's number alone, which can be faked. */
  unverified?: boolean;
};

/** What the composer's functions work with; wired by `open.ts`. */
export type ComposerParts = {
  store: ComposerStore;
  memory: ComposerMemory;
  adapters: ReadonlyMap<string, PresentationAdapter>;
  personas: ReadonlyMap<string, Persona>;
  tools: ReadonlyMap<string, ToolDefinition>;
  brief(request: BriefingRequest): Promise<Briefing>;
  /** Systems of record, by name. */
  sources: ReadonlyMap<string, SystemOfRecord>;
  /** What happens when a call begins at a vendor, by vendor. */
  inbound: ReadonlyMap<string, InboundLine>;
  /** Writes summaries; without it they are extractive. */
  llm?: LLMProvider;
  /** Server secret: every per-session key is derived from it. */
  secret: string;
  /** What vendors call back, without a trailing slash. */
  publicUrl: string;
  clock: Clock;
  logger: Logger;
  settings: ComposerSettings;
};

/** Milliseconds throughout. */
export type ComposerSettings = {
  /** How long `open` may take; a session still preparing after it is taken for lost. */
  openTimeoutMs: number;
  /** How often the sweep runs. */
  sweepEveryMs: number;
  /** How long after the end a transcript may still come before what is there is settled. */
  settleWithinMs: number;
  /** How long a tool may run. */
  toolTimeoutMs: number;
  /** Name that the vendor sends as `model` to the shared brain. */
  brainModel: string;
};

/** What holds where `sessions:` says nothing. */
export const DEFAULT_SETTINGS: ComposerSettings = {
  openTimeoutMs: 60_000,
  sweepEveryMs: 60_000,
  settleWithinMs: 5 * 60_000,
  toolTimeoutMs: 10_000,
  brainModel: "astrocyte",
};

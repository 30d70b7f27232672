import type { AstrocyteContext } from "../memory/types.ts";
import type { Consent } from "./store.ts";

/** One definition used by both layers: what the agent is, what it may know and do, and each vendor's ids. */
export type Persona = {
  id: string;
  /** Shown to people. */
  name: string;
  prompt: string;
  /** May hold `{{name}}`-style placeholders filled from briefing fields; a line with an unknown one is dropped. */
  greeting?: string;
  /** BCP 47, `en` when absent. */
  language: string;
  /** Bank of the person; `{subject}` is replaced: `person:{subject}`. */
  bank: string;
  /** Further banks that the agent may read, after the person's own. */
  sharedBanks: string[];
  sources: string[];
  /** Questions put to memory when the briefing is composed. */
  recall: Array<{ query: string; maxResults: number }>;
  reflect?: string;
  tools: string[];
  briefing: { maxTokens?: number; template?: string; order?: string[] };
  limits: {
    maxDurationMs: number;
    absentTimeoutMs: number;
    leftTimeoutMs: number;
    maxConcurrent: number;
    dailyMinutes?: number;
    dailyCents?: number;
  };
  /** Goodbye, spoken where the vendor can speak verbatim. */
  goodbye?: string;
  vendors: Record<string, Record<string, unknown>>;
};

export type Subject = { /** `user:anna` */ principal: string /** `anna` */; id: string };

/** What a system of record said: only allowlisted fields, each with its label. */
export type SourceRecord = {
  source: string;
  authority: number;
  fetchedAt: number;
  fields: SourceField[];
};

export type SourceField = {
  name: string;
  label: string;
  value: string | number | boolean;
  /** When the value was current, per the source or the fetch. */
  asOf: number;
  stale: boolean;
  /** `never_spoken`: in the briefing but marked not to be said; `private`: never to a client. */
  sensitivity: "open" | "never_spoken" | "private";
};

export type BriefingLine = {
  block: string;
  text: string;
  /** Where it comes from; exactly one of the two. */
  source?: { source: string; field: string; ageMs: number };
  memory?: { memoryId: string; bankId: string; sessionId?: string; occurredAt: number; score: number };
  sensitivity: "open" | "never_spoken" | "private";
};

export type Briefing = {
  text: string;
  greeting?: string;
  /** Size of `text` in tokens (o200k) and characters. */
  tokens: number;
  characters: number;
  lines: BriefingLine[];
  /** Memories taken out because a system of record says otherwise. */
  overridden: Array<{
    memoryId: string;
    text: string;
    by: { source: string; field: string };
    reason: string;
  }>;
  /** What the budget left out, with its score. */
  leftOut: BriefingLine[];
  /** Sources or recalls that failed or were late. */
  failed: Array<{ name: string; code: string }>;
  composedAt: number;
};

export type CreateSession = {
  persona: string;
  subject: string;
  vendor: string;
  consent: Consent;
  metadata?: Record<string, unknown>;
  context: AstrocyteContext;
};

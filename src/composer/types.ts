import type { AstrocyteContext } from "../memory/types.ts";
import type { Consent } from "./store.ts";

/** One definition used by both layers: what the agent is, what it may know and do, and each vendor's ids. */
export type Persona = {
  id: string;
  /** Shown to people. */
  name: string;
  prompt: string;
  /** May hold `{{name}}` or `{{crm.name}}`, filled from open fields; a line with an unknown one is dropped. */
  greeting?: string;
  /** Spoken when no line of `greeting` is left; without placeholders. */
  fallbackGreeting?: string;
  /** BCP 47, `en` when absent. */
  language: string;
  /** Bank of the person; `{subject}` is replaced by the subject's id: `person:{subject}`. */
  bank: string;
  /** Further banks that the agent may read, after the person's own. */
  sharedBanks: string[];
  sources: string[];
  /** Questions put to memory when the briefing is composed. */
  recall: RecallQuestion[];
  /** One question that memory answers in prose. */
  reflect?: string;
  tools: string[];
  briefing: {
    /** Tokens (o200k) of the whole text, besides the vendor's own limit. */
    maxTokens?: number;
    /** Paragraphs with `{{persona}}`, `{{rules}}`, `{{facts}}` …; exclusive with `order`. */
    template?: string;
    order?: BriefingBlock[];
    /** IANA name, for the date in the briefing; UTC when absent. */
    timeZone?: string;
  };
  limits: {
    maxDurationMs: number;
    absentTimeoutMs: number;
    leftTimeoutMs: number;
    maxConcurrent: number;
    dailyMinutes?: number;
    dailyCents?: number;
  };
  /** The field that holds the person's telephone number, for vendors that dial. */
  phone?: { source: string; field: string };
  /** Goodbye, spoken where the vendor can speak verbatim. */
  goodbye?: string;
  vendors: Record<string, Record<string, unknown>>;
};

/** A question that memory is asked for every briefing. */
export type RecallQuestion = {
  query: string;
  maxResults: number;
  /** The briefing fails when the recall does. */
  required?: boolean;
};

/** Whom a session is with. */
export type Subject = { /** `user:anna` */ principal: string /** `anna` */; id: string };

/**
 * Parts of the briefing in their default order: what never changes, what seldom does, what always does.
 * `aging` holds facts past their TTL, with their age; `now` the date.
 */
export type BriefingBlock = "persona" | "rules" | "facts" | "aging" | "reflection" | "memory" | "now";

/** `never_spoken`: in the briefing but marked not to be said; `private`: never to a client. */
export type Sensitivity = "open" | "never_spoken" | "private";

/** What a system of record said: only allowlisted fields, each with its label. */
export type SourceRecord = {
  source: string;
  /** The higher one wins where two sources give the same field. */
  authority: number;
  fetchedAt: number;
  fields: SourceField[];
  /** Code of a read that failed; `fields` are then what the cache still allows. */
  error?: string;
};

/** One allowlisted value of a system of record. Times are milliseconds. */
export type SourceField = {
  name: string;
  label: string;
  value: string | number | boolean;
  /** When the value was current, per the source or the fetch. */
  asOf: number;
  /** How long a value stays current; long-lived fields come first in the text. */
  ttlMs: number;
  stale: boolean;
  sensitivity: Sensitivity;
  /** How people speak of it: what a memory is checked against. */
  attribute?: Attribute;
};

/** How a field is recognised in what people say; see `briefing/attributes.ts` for the config form. */
export type Attribute = {
  type: "choice" | "text" | "place" | "number" | "amount" | "date" | "email" | "phone";
  /** What people call it: `plan`, `subscription`. */
  names: string[];
  /** How people state it, verb first and in its base form: `live in {value}`. */
  phrases: string[];
  /** Canonical value to its synonyms. For `choice` the whole set. */
  values: Record<string, string[]>;
  /** Unit of the record's number: `kg`, `cm`. */
  unit?: string;
  /** ISO 4217, of the record's amount. */
  currency?: string;
  /** An amount paid again and again: what is said of another period is not compared. */
  period?: "day" | "week" | "month" | "year";
  /** Relative difference of numbers that still counts as the same. */
  tolerance?: number;
  /** The value is what happened last (`delivered`), so that "was delivered" states it as well as "is". */
  event?: boolean;
  /** A date that comes back each year, such as a birthday: the year is compared only when it is said. */
  recurs?: "yearly";
};

/** A line of the briefing and where it comes from. Times are milliseconds. */
export type BriefingLine = {
  block: BriefingBlock;
  text: string;
  /** Where it comes from: at most one of the two; neither for the reflection. */
  source?: { source: string; field: string; ageMs: number };
  memory?: { memoryId: string; bankId: string; sessionId?: string; occurredAt: number; score: number };
  sensitivity: Sensitivity;
};

/** What lost against an authoritative field: a memory, the reflection (neither id), or another source's field. */
export type Overridden = {
  memoryId?: string;
  field?: { source: string; field: string };
  text: string;
  by: { source: string; field: string };
  reason: string;
  /** That of the field that won, or of the one that lost if that is stricter. */
  sensitivity: Sensitivity;
};

/** `injection`: it reads like an instruction planted in memory. `superseded`: memory itself knows better. */
export type LeftOut = BriefingLine & { reason: "budget" | "injection" | "superseded" };

/** What the agent is told before the call, with the origin of each line. */
export type Briefing = {
  text: string;
  greeting?: string;
  /** Size of `text` in tokens (o200k) and characters. */
  tokens: number;
  characters: number;
  /** Length of the start of `text` that stays the same, byte for byte, while persona and facts do: for prompt caches. */
  stableCharacters: number;
  lines: BriefingLine[];
  overridden: Overridden[];
  /** What the budget or screening left out, with its score. */
  leftOut: LeftOut[];
  /** Sources, recalls (`recall:1`) or `reflect` that failed or were late. */
  failed: Array<{ name: string; code: string }>;
  composedAt: number;
  /** What memories are held against during the call; absent where nothing is. Never for a client. */
  checked?: CheckedFacts;
};

/** Authoritative fields with a declared attribute, and what the person is called in notes. */
export type CheckedFacts = {
  facts: Array<SourceField & { source: string; attribute: Attribute }>;
  names: string[];
};

/** A session that is asked for; `context` comes from the credential. */
export type CreateSession = {
  persona: string;
  subject: string;
  vendor: string;
  consent: Consent;
  metadata?: Record<string, unknown>;
  context: AstrocyteContext;
};

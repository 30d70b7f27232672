import type { ConversationTurn } from "../../src/memory/types.ts";

/** What is stored for a question set, and what is asked. */
export type Dataset = { banks: Bank[]; cases: Case[] };

export type Bank = {
  id: string;
  /** Each is one retain. */
  sessions: Array<{ id: string; at: number; turns: Array<ConversationTurn & { id: string }> }>;
  facts: Array<{ id: string; at: number; text: string }>;
};

export type Case = {
  banks: string[];
  question: string;
  kind: string;
  /** Ids of the turns or facts that answer it; prefixed with `bank/` when several banks are asked. */
  evidence: string[];
  /** Sessions of the evidence. */
  sessions: string[];
  /** Ids that a newer one replaced: they must rank below the evidence. */
  outdated: string[];
  /** When it is asked. */
  now?: number;
};

import { silentLogger } from "../core/telemetry.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { createScriptedLLM, type ScriptedLLM } from "../testing/scripted-llm.ts";
import type { Engine } from "./engine.ts";
import type { LLMProvider } from "./llm/provider.ts";
import type { Policy } from "./policy/policy.ts";
import type { Candidates, MemoryRow, MemorySearch, MemoryStore } from "./store.ts";
import type { MemoryHit } from "./types.ts";

export const NOW = Date.parse("2026-01-15T12:00:00Z");

export function row(id: string, fields: Partial<MemoryRow> = {}): MemoryRow {
  return {
    id,
    bankId: "bank",
    text: `text of ${id}`,
    contentType: "text",
    factType: "fact",
    metadata: {},
    tags: [],
    source: null,
    sessionId: null,
    position: 0,
    speaker: null,
    turnId: null,
    occurredAt: NOW - 1_000_000,
    retainedAt: NOW - 1_000_000,
    expiresAt: null,
    hash: id,
    flags: [],
    slot: null,
    supersededBy: null,
    supersededAt: null,
    seenCount: 1,
    lastSeenAt: 0,
    deletedAt: null,
    principal: "user:test",
    ...fields,
  };
}

export function hit(memoryId: string, fields: Partial<MemoryHit> = {}): MemoryHit {
  return {
    memoryId,
    bankId: "bank",
    text: `text of ${memoryId}`,
    score: 0.5,
    factType: "fact",
    contentType: "text",
    metadata: {},
    tags: [],
    occurredAt: NOW,
    retainedAt: NOW,
    origin: "memory",
    flags: [],
    ...fields,
  };
}

/** Candidates in the order given, each a little worse than the one before. */
export function found(...ids: string[]): Candidates {
  const scores = ids.map((_, i) => 0.9 - i / 10);
  return { ids, scores, contexts: scores, matched: ids.length };
}

export const nothing: Candidates = { ids: [], scores: [], contexts: [], matched: 0 };

export type Scripted = {
  rows?: MemoryRow[];
  search?: Partial<MemorySearch>;
  get?: MemoryStore["memories"]["get"];
  llm?: LLMProvider;
  settings?: Partial<Engine["settings"]>;
};

/** An engine over a store that answers what it is told: for what must be late, fail, or come in an order. */
export function scripted(script: Scripted): { engine: Engine; clock: FakeClock; embedder: ScriptedLLM } {
  const clock = new FakeClock(NOW);
  const embedder = createScriptedLLM({ clock });
  const rows = script.rows ?? [];
  const { embeddingModel } = embedder;
  const store = {
    banks: { get: async (id: string) => ({ id, owner: "user:test", createdAt: 0, embeddingModel }) },
    memories: {
      get:
        script.get ??
        (async (bankId: string, ids: string[]) =>
          ids.flatMap((id) => rows.filter((one) => one.id === id && one.bankId === bankId))),
    },
    search: {
      lexical: async () => nothing,
      dense: async () => nothing,
      recent: async () => nothing,
      ...script.search,
    },
  } as unknown as MemoryStore;
  const engine: Engine = {
    store,
    embedder,
    ...(script.llm && { llm: script.llm }),
    policy: {} as Policy,
    clock,
    logger: silentLogger,
    settings: { reflectMaxTokens: 2000, ...script.settings },
  };
  return { engine, clock, embedder };
}

export const never = (): Promise<never> => new Promise(() => {});

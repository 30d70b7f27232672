import { openKey } from "../core/secrets.ts";
import type { AstrocyteContext, MemoryHit } from "../memory/types.ts";
import { overridesOf } from "./briefing/overrides.ts";
import type { ComposerParts } from "./parts.ts";
import { banksOf, contextOf, parseSubject } from "./sessions/lookup.ts";
import { RUNNING } from "./sessions/running-call.ts";
import type { SessionRow } from "./store.ts";
import { type BrainTools, brainTools } from "./tools/in-brain.ts";
import { briefingOf } from "./transcripts/remember.ts";
import type { Briefing } from "./types.ts";

/** What the shared brain may use for the turns of one session. */
export type SessionBinding = {
  sessionId: string;
  context: AstrocyteContext;
  /** The person's first. */
  bankIds: string[];
  briefing?: Briefing;
  /** True when the briefing or its records know better than the memory. */
  overrides(hit: MemoryHit): boolean;
  /** What the vendor is given to say before a tool. */
  bufferWords?: string;
  /** The persona's tools, where the vendor cannot call them. */
  tools?: BrainTools;
};

/** Finds sessions by the keys that `binding.ts` gave to their vendors; a key dies with its session. */
export type BoundSessions = {
  bySessionKey(key: string): Promise<SessionBinding | "unknown" | "ended">;
  byContextToken(token: string): Promise<SessionBinding | "unknown" | "ended">;
  addUsage(sessionId: string, usage: Record<string, number>): Promise<void>;
};

const REMEMBERED = 500;

/** Cost of a lookup: one read of the session; its briefing is parsed once. */
export function boundSessions(parts: ComposerParts): BoundSessions {
  const parsed = new Map<string, { raw: string; briefing: Briefing }>();

  const briefingFor = (row: SessionRow): Briefing | undefined => {
    if (row.briefing === null) return undefined;
    const known = parsed.get(row.id);
    if (known?.raw === row.briefing) return known.briefing;
    const briefing = briefingOf(row)!;
    if (parsed.size >= REMEMBERED) parsed.delete(parsed.keys().next().value!);
    parsed.set(row.id, { raw: row.briefing, briefing });
    return briefing;
  };

  const find = async (purpose: "brain" | "context", key: string) => {
    const id = openKey(parts.secret, purpose, key);
    const row = id === undefined ? undefined : await parts.store.sessions.get(id);
    if (!row) return "unknown";
    if (RUNNING.includes(row.state)) return bindingOf(parts, row, briefingFor(row));
    parsed.delete(row.id);
    return "ended";
  };

  return {
    bySessionKey: (key) => find("brain", key),
    byContextToken: (token) => find("context", token),
    addUsage: (sessionId, usage) => parts.store.sessions.addUsage(sessionId, usage),
  };
}

function bindingOf(parts: ComposerParts, row: SessionRow, briefing: Briefing | undefined): SessionBinding {
  const persona = parts.personas.get(row.persona);
  const { bufferWords } = parts.adapters.get(row.vendor)?.capabilities ?? {};
  const tools = persona && brainTools(parts, row, persona);
  return {
    sessionId: row.id,
    context: contextOf(row),
    bankIds: persona ? banksOf(persona, parseSubject(row.subject)) : [row.bankId],
    ...(briefing && { briefing }),
    overrides: overridesOf(briefing, parts.clock),
    ...(bufferWords !== undefined && { bufferWords }),
    ...(tools && { tools }),
  };
}

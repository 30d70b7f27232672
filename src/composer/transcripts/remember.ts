import { AstrocyteError } from "../../core/errors.ts";
import { sha256 } from "../../core/secrets.ts";
import type { RetainResult } from "../../memory/types.ts";
import type { ComposerParts } from "../parts.ts";
import { contextOf, parseSubject } from "../sessions/lookup.ts";
import type { SessionRow, TurnRow } from "../store.ts";
import type { Briefing } from "../types.ts";
import { repeatsBriefing } from "./echo.ts";
import { summarise } from "./summary.ts";
import { spokenText, trustedTurns, turnFingerprint } from "./turns.ts";

/**
 * Hands what was said to memory through `retain()`, with the call as its source: each turn once, whatever
 * channel told of it and however often. System and tool rows never become memory of the person, nor does
 * what the agent only repeated from its briefing.
 */
export async function rememberCall(
  parts: ComposerParts,
  row: SessionRow,
): Promise<{ turns: number; retained: number }> {
  const turns = await parts.store.turns.list(row.id);
  const told = trustedTurns(turns).length;
  if (row.consent !== "memory") return { turns: told, retained: 0 };
  const fresh = newTurns(turns, briefingOf(row));
  if (fresh.length === 0) return { turns: told, retained: 0 };
  const retained = await retainTurns(parts, row, fresh);
  await retainSummary(parts, row, fresh);
  const keys = fresh.map((turn) => turn.key);
  await parts.store.turns.markRetained(row.id, keys, parts.clock.now());
  return { turns: told, retained };
}

function newTurns(turns: TurnRow[], briefing: Briefing | undefined): TurnRow[] {
  const known = new Set(turns.filter((turn) => turn.retainedAt !== null).map(turnFingerprint));
  const said = turns.filter((turn) => turn.role === "user" || turn.role === "agent");
  if (said.length === 0) return [];
  return trustedTurns(said)
    .filter(
      (turn) => turn.retainedAt === null && !known.has(turnFingerprint(turn)) && spokenText(turn) !== "",
    )
    .filter((turn) => turn.role === "user" || !repeatsBriefing(spokenText(turn), briefing));
}

/**
 * One call for all turns. Where the barrier refuses one of them, the others are retained singly and the
 * refusal is recorded: a card number read aloud must not cost the whole conversation.
 */
async function retainTurns(parts: ComposerParts, row: SessionRow, turns: TurnRow[]): Promise<number> {
  const result = await retainGroup(parts, row, turns);
  if (result.action !== "refused") return result.chunks.length;
  if (turns.length > 1) {
    let retained = 0;
    for (const turn of turns) retained += await retainTurns(parts, row, [turn]);
    return retained;
  }
  const data = { key: turns[0]!.key, reason: result.reason ?? "refused" };
  await parts.store.events.append({ sessionId: row.id, at: parts.clock.now(), type: "memory_refused", data });
  return 0;
}

/** The key covers which turns these are: a repeat after a crash returns the first result and stores nothing. */
function retainGroup(parts: ComposerParts, row: SessionRow, turns: TurnRow[]): Promise<RetainResult> {
  const speakers = {
    user: parseSubject(row.subject).id,
    agent: parts.personas.get(row.persona)?.name ?? "agent",
  };
  const content = turns.map((turn) => ({
    speaker: turn.role === "user" ? speakers.user : speakers.agent,
    text: spokenText(turn),
    occurredAt: turn.at,
    id: turn.key,
  }));
  return parts.memory.retain(content, {
    ...provenance(row),
    contentType: "transcript",
    sessionId: row.id,
    idempotencyKey: `${row.id}:${sha256(turns.map((turn) => turn.key).join("\n"))}`,
  });
}

async function retainSummary(parts: ComposerParts, row: SessionRow, turns: TurnRow[]): Promise<void> {
  const text = await summarise(parts, turns);
  if (text === undefined) return;
  await parts.memory.retain(text, {
    ...provenance(row),
    contentType: "text",
    factType: "summary",
    tags: ["summary"],
    occurredAt: row.endedAt ?? parts.clock.now(),
    idempotencyKey: `${row.id}:summary:${sha256(turns.map((turn) => turn.key).join("\n"))}`,
  });
}

function provenance(row: SessionRow) {
  return {
    bankId: row.bankId,
    context: contextOf(row),
    source: row.vendor,
    metadata: { session_id: row.id, persona: row.persona, vendor: row.vendor },
  };
}

export function briefingOf(row: SessionRow): Briefing | undefined {
  if (row.briefing === null) return undefined;
  try {
    return JSON.parse(row.briefing) as Briefing;
  } catch (cause) {
    throw new AstrocyteError("store_failed", `[sessions] the briefing of ${row.id} cannot be read.`, {
      cause,
    });
  }
}

import { analyse } from "../../core/text.ts";
import type { VendorTurn } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow, TurnRow } from "../store.ts";

/** Where a turn was learnt. */
export type Channel = "client" | "local" | "webhook" | "pull";

/** Told or fetched, the vendor's record is one: its turns have the same keys either way. */
const TRUST: Record<Channel, number> = { client: 0, local: 1, webhook: 2, pull: 2 };

/** Keeps turns as far as the person agreed: with consent `none` nothing is kept. Idempotent by key. */
export async function storeTurns(
  parts: ComposerParts,
  row: SessionRow,
  turns: VendorTurn[],
  channel: Channel,
): Promise<void> {
  if (row.consent === "none" || turns.length === 0) return;
  const spoken = turns.filter((turn) => turn.text.trim() !== "");
  const rows = spoken.map((turn, i) => toRow(parts, row, turn, channel, i));
  const added = await parts.store.turns.upsert(rows);
  for (const turn of rows.filter(({ key }) => added.includes(key))) {
    const data = { key: turn.key, role: turn.role, interrupted: turn.interrupted };
    await parts.store.events.append({ sessionId: row.id, at: turn.at, type: "turn", data });
  }
}

function toRow(
  parts: ComposerParts,
  row: SessionRow,
  turn: VendorTurn,
  channel: Channel,
  index: number,
): TurnRow {
  return {
    sessionId: row.id,
    key: turn.key,
    role: turn.role,
    text: turn.text,
    heard: turn.heard ?? null,
    interrupted: turn.interrupted ?? false,
    // Turns without a time keep their order.
    at: turn.at ?? parts.clock.now() + index,
    channel,
    retainedAt: null,
  };
}

/** What was really said: an agent that was cut off said what was heard. */
export function spokenText(turn: TurnRow): string {
  return (turn.interrupted && turn.heard !== null ? turn.heard : turn.text).trim();
}

/**
 * The turns of the most trusted reporter of any: page, room or vendor. They name turns differently, so mixing them
 * would tell the same turn twice.
 */
export function trustedTurns(turns: TurnRow[]): TurnRow[] {
  const rank = (turn: TurnRow) => TRUST[turn.channel as Channel];
  const best = Math.max(...turns.map(rank));
  return turns.filter((turn) => rank(turn) === best).sort((a, b) => a.at - b.at);
}

/** Equal for the same words of the same party, however a channel spells them. */
export function turnFingerprint(turn: TurnRow): string {
  return `${turn.role}:${analyse(spokenText(turn)).join(" ")}`;
}

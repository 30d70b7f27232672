import { AstrocyteError } from "../../core/errors.ts";
import type { CallbackRequest, VendorSocket, VendorTurn } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { TurnRow } from "../store.ts";
import { pendingTurns } from "../transcripts/inbox.ts";
import { trustedTurns } from "../transcripts/turns.ts";
import { requireAdapter, requireCallback } from "./lookup.ts";
import { RUNNING, runningCall } from "./running-call.ts";

/**
 * Finds whose socket address was called, and returns how the socket is handed to its adapter.
 * Errors: `unauthenticated` for an address that is nobody's, `gone` after the end, `not_supported`.
 */
export async function socketOf(
  parts: ComposerParts,
  vendor: string,
  pathSecret: string,
  request: CallbackRequest,
): Promise<(socket: VendorSocket) => void> {
  const row = await requireCallback(parts, vendor, pathSecret, "socket");
  const adapter = requireAdapter(parts, vendor);
  if (!adapter.connect) throw new AstrocyteError("not_supported", `[sockets] ${vendor} opens no sockets.`);
  if (!RUNNING.includes(row.state))
    throw new AstrocyteError("gone", `[sockets] session ${row.id} is over. Open a new one.`);
  const call = { ...runningCall(parts, row), request, turns: await turnsSoFar(parts, row.id) };
  return (socket) => adapter.connect!(socket, call);
}

/** Also what was said a moment ago: the one who comes back may be quicker than our inbox, which is read first. */
async function turnsSoFar(parts: ComposerParts, sessionId: string): Promise<VendorTurn[]> {
  const waiting = await pendingTurns(parts, sessionId);
  const stored = trustedTurns(await parts.store.turns.list(sessionId)).map(turnOf);
  const turns = new Map([...stored, ...waiting].map((turn) => [turn.key, turn]));
  return [...turns.values()].sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
}

function turnOf({ key, role, text, at, heard, interrupted }: TurnRow): VendorTurn {
  return { key, role, text, at, ...(heard !== null && { heard }), ...(interrupted && { interrupted }) };
}

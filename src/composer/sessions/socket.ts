import { AstrocyteError } from "../../core/errors.ts";
import type { CallbackRequest, VendorSocket, VendorTurn } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { TurnRow } from "../store.ts";
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
  const turns = trustedTurns(await parts.store.turns.list(row.id)).map(turnOf);
  const call = { ...runningCall(parts, row), request, turns };
  return (socket) => adapter.connect!(socket, call);
}

function turnOf({ key, role, text, at, heard, interrupted }: TurnRow): VendorTurn {
  return { key, role, text, at, ...(heard !== null && { heard }), ...(interrupted && { interrupted }) };
}

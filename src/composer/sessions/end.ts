import { toAstrocyteError } from "../../core/errors.ts";
import type { PresentationAdapter } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow } from "../store.ts";
import { sessionOfMarker } from "./binding.ts";
import { schedule, unschedule } from "./jobs.ts";
import { handleOf, requireAdapter, requireSession } from "./lookup.ts";

/** Reasons of ours after which the agent says goodbye, where the vendor can speak verbatim. */
const POLITE = new Set(["max_duration", "daily_limit", "drain"]);

/**
 * Ends a session, whoever asks, any number of times. The intent is durable before the vendor is called: if
 * that call fails, or we crash, the `close` job and the sweep repeat it until the vendor has let go.
 */
export async function endSession(parts: ComposerParts, id: string, reason: string): Promise<SessionRow> {
  const at = parts.clock.now();
  const event = { sessionId: id, at, type: "ending", data: { reason } };
  const patch = { state: "ending", endReason: reason } as const;
  const first = await parts.store.sessions.transition(id, ["preparing", "open", "live"], patch, event);
  const row = await requireSession(parts, id);
  if (row.state !== "ending") return row;
  await schedule(parts, "close", id, at);
  if (first && POLITE.has(reason)) await sayGoodbye(parts, row);
  await finishClosing(parts, row).catch((error) =>
    parts.logger.warn(
      { sessionId: id, code: toAstrocyteError(error).code },
      "the vendor did not end the session yet",
    ),
  );
  return requireSession(parts, id);
}

/** What the `close` job does: vendor end, release, ended. Idempotent. */
export async function finishClosing(parts: ComposerParts, row: SessionRow): Promise<void> {
  if (row.state !== "ending") return unschedule(parts, "close", row.id);
  const reason = row.endReason ?? "ended";
  await closeAtVendor(parts, row, reason);
  const at = parts.clock.now();
  const event = { sessionId: row.id, at, type: "ended", data: { reason } };
  await parts.store.sessions.transition(
    row.id,
    ["ending"],
    { state: "ended", endedAt: at, call: null },
    event,
  );
  await parts.store.jobs.removeFor(row.id);
  await schedule(parts, "settle", row.id, at);
}

/** Ends the vendor's session and deletes what `open` made there. A session whose id we never learnt is looked for. */
export async function closeAtVendor(parts: ComposerParts, row: SessionRow, reason: string): Promise<void> {
  const adapter = requireAdapter(parts, row.vendor);
  const known =
    row.vendorSessionId === null ? await findAtVendor(parts, adapter, row.id) : [row.vendorSessionId];
  for (const vendorSessionId of known) await adapter.end({ ...handleOf(row), vendorSessionId }, reason);
  await adapter.release(row.resources);
}

async function findAtVendor(
  parts: ComposerParts,
  adapter: PresentationAdapter,
  sessionId: string,
): Promise<string[]> {
  const open = (await adapter.listOpen?.()) ?? [];
  return open
    .filter(({ marker }) => sessionOfMarker(parts, marker) === sessionId)
    .map((found) => found.vendorSessionId);
}

async function sayGoodbye(parts: ComposerParts, row: SessionRow): Promise<void> {
  const text = parts.personas.get(row.persona)?.goodbye;
  const adapter = requireAdapter(parts, row.vendor);
  if (!text || adapter.capabilities.say !== "server" || row.vendorSessionId === null) return;
  await adapter.command?.(handleOf(row), { kind: "say", text }).catch((error) =>
    // Ending must not wait for politeness.
    parts.logger.info({ sessionId: row.id, code: toAstrocyteError(error).code }, "goodbye was not spoken"),
  );
}

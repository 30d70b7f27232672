import { toAstrocyteError } from "../../core/errors.ts";
import type { ComposerParts } from "../parts.ts";
import { backoffMs, schedule, unschedule } from "../sessions/jobs.ts";
import { handleOf, requireAdapter } from "../sessions/lookup.ts";
import type { JobRow, SessionRow } from "../store.ts";
import { rememberCall } from "./remember.ts";
import { storeTurns } from "./turns.ts";

/**
 * What the `settle` job does once a call has ended: waits for the transcript as long as it may still come,
 * then hands it to memory, once. Safe to repeat after a crash at any point.
 */
export async function settle(parts: ComposerParts, row: SessionRow, job: JobRow): Promise<void> {
  if (row.state !== "ended" || row.settled) return unschedule(parts, "settle", row.id);
  const complete = row.consent === "none" || (await gather(parts, row));
  const now = parts.clock.now();
  if (!complete && now < (row.endedAt ?? now) + parts.settings.settleWithinMs) {
    return schedule(parts, "settle", row.id, now + backoffMs(job.attempts), job.attempts + 1);
  }
  const facts = await rememberCall(parts, row);
  const event = { sessionId: row.id, at: now, type: "settled", data: { ...facts, complete } };
  await parts.store.sessions.transition(row.id, ["ended"], { settled: true }, event);
  await unschedule(parts, "settle", row.id);
}

/** Brings in what the vendor has. True when nothing more is to come. */
async function gather(parts: ComposerParts, row: SessionRow): Promise<boolean> {
  // Nobody was ever let into a session that did not open.
  if (row.vendorSessionId === null) return true;
  const adapter = requireAdapter(parts, row.vendor);
  // What passed through us was written down while it did.
  if (adapter.capabilities.transcript.includes("own")) return true;
  if (adapter.fetchTranscript) {
    try {
      const { turns, complete } = await adapter.fetchTranscript(handleOf(row));
      await storeTurns(parts, row, turns, "pull");
      return complete;
    } catch (error) {
      parts.logger.warn(
        { sessionId: row.id, code: toAstrocyteError(error).code },
        "the transcript could not be fetched yet",
      );
      return false;
    }
  }
  if (!adapter.capabilities.transcript.includes("webhook")) return true;
  const events = await parts.store.events.list(row.id, 0, 10_000);
  return events.some((event) => event.type === "transcript" && event.data["complete"] === true);
}

import { toAstrocyteError } from "../../core/errors.ts";
import type { PresentationAdapter } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionFilter, SessionRow, SessionState } from "../store.ts";
import { sessionOfMarker } from "./binding.ts";
import { closeAtVendor, endSession } from "./end.ts";
import { schedule, scheduleTimers } from "./jobs.ts";
import { handleOf } from "./lookup.ts";

const PAGE = 500;

export type SweepReport = {
  /** Sessions of ours that were found open though they should not be, and were ended. */
  recovered: number;
  /** Sessions at a vendor that carry our marker and had no right to be open. */
  orphans: number;
  /** What could not be ended this time: it costs money until a later sweep. */
  leaked: number;
};

/**
 * Finds what a crash left open, at start and on a timer: sessions lost between the vendor's create and our
 * record, ends that did not go through, limits that nobody watched, transcripts that were not settled.
 */
export async function sweep(parts: ComposerParts): Promise<SweepReport> {
  const report: SweepReport = { recovered: 0, orphans: 0, leaked: 0 };
  const guarded = async (count: "recovered" | "orphans", sessionId: string, work: () => Promise<unknown>) => {
    try {
      await work();
      report[count]++;
    } catch (error) {
      report.leaked++;
      parts.logger.error(
        { sessionId, code: toAstrocyteError(error).code },
        "a session could not be ended at its vendor",
      );
    }
  };
  for await (const row of rows(parts, ["preparing"])) {
    if (lost(parts, row))
      await guarded("recovered", row.id, () => endSession(parts, row.id, "lost_while_opening"));
  }
  for await (const row of rows(parts, ["ending"])) await schedule(parts, "close", row.id, parts.clock.now());
  for await (const row of rows(parts, ["open", "live"])) await watch(parts, row, guarded);
  for await (const row of rows(parts, ["ended"], { settled: false }))
    await schedule(parts, "settle", row.id, parts.clock.now());
  for (const adapter of parts.adapters.values()) await sweepVendor(parts, adapter, guarded);
  return report;
}

type Guarded = (
  count: "recovered" | "orphans",
  sessionId: string,
  work: () => Promise<unknown>,
) => Promise<void>;

function lost(parts: ComposerParts, row: SessionRow): boolean {
  return parts.clock.now() - row.createdAt >= parts.settings.openTimeoutMs;
}

async function watch(parts: ComposerParts, row: SessionRow, guarded: Guarded): Promise<void> {
  const overdue = parts.clock.now() - (row.openedAt ?? row.createdAt) >= row.maxDurationMs;
  if (overdue) return guarded("recovered", row.id, () => endSession(parts, row.id, "max_duration"));
  // A crash between the record and its timers leaves none; setting them again changes nothing otherwise.
  if (row.state === "open") await scheduleTimers(parts, row);
}

async function sweepVendor(
  parts: ComposerParts,
  adapter: PresentationAdapter,
  guarded: Guarded,
): Promise<void> {
  if (!adapter.listOpen) return;
  let open: Awaited<ReturnType<NonNullable<PresentationAdapter["listOpen"]>>>;
  try {
    open = await adapter.listOpen();
  } catch (error) {
    parts.logger.warn(
      { vendor: adapter.vendor, code: toAstrocyteError(error).code },
      "the vendor's list of sessions failed",
    );
    return;
  }
  await endGone(parts, adapter, new Set(open.map((found) => found.vendorSessionId)), guarded);
  for (const found of open) {
    const id = sessionOfMarker(found.marker);
    if (id === undefined) continue;
    const row = await parts.store.sessions.get(id);
    const rightful =
      row &&
      (row.state === "open" || row.state === "live" || (row.state === "preparing" && !lost(parts, row)));
    if (rightful) continue;
    const handle = { sessionId: id, vendorSessionId: found.vendorSessionId, resources: row?.resources ?? [] };
    await guarded("orphans", id, async () => {
      await adapter.end(handle, "orphan");
      if (row) await closeAtVendor(parts, row, "orphan");
    });
  }
}

/** Sessions of ours that the vendor has ended without our hearing of it; it is asked once more about each. */
async function endGone(
  parts: ComposerParts,
  adapter: PresentationAdapter,
  open: Set<string>,
  guarded: Guarded,
): Promise<void> {
  for await (const row of rows(parts, ["open", "live"], { vendor: adapter.vendor })) {
    if (row.vendorSessionId === null || open.has(row.vendorSessionId)) continue;
    const answer = await adapter.isOpen?.(handleOf(row)).catch(() => undefined);
    if (answer === false)
      await guarded("recovered", row.id, () => endSession(parts, row.id, "ended_at_vendor"));
  }
}

async function* rows(
  parts: ComposerParts,
  states: SessionState[],
  only: Pick<SessionFilter, "settled" | "vendor"> = {},
): AsyncGenerator<SessionRow> {
  let after: string | undefined;
  for (;;) {
    const filter = { states, limit: PAGE, ...only, ...(after && { after }) };
    const page = await parts.store.sessions.list(filter);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)!.id;
  }
}

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
  /** When it began, in milliseconds. */
  at: number;
  /** Sessions of ours that were found open though they should not be, and were ended. */
  recovered: number;
  /** Sessions at a vendor that carry our marker and had no right to be open. */
  orphans: number;
  /** Sessions that are over, or unknown, of which prompts, keys or agents still stood at a vendor and were deleted. */
  leftovers: number;
  /** What could not be ended this time: it costs money until a later sweep. */
  leaked: number;
};

/**
 * Finds what a crash left open, at start and on a timer: sessions lost between the vendor's create and our
 * record, ends that did not go through, limits that nobody watched, transcripts that were not settled.
 */
export async function sweep(parts: ComposerParts): Promise<SweepReport> {
  const report: SweepReport = { at: parts.clock.now(), recovered: 0, orphans: 0, leftovers: 0, leaked: 0 };
  const guarded: Guarded = async (count, sessionId, work) => {
    try {
      await work();
      report[count]++;
    } catch (error) {
      report.leaked++;
      parts.logger.error(
        { sessionId, code: toAstrocyteError(error).code },
        "a session could not be cleared at its vendor",
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
  count: "recovered" | "orphans" | "leftovers",
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
  const open = await listed(parts, adapter, async () => (await adapter.listOpen?.()) ?? []);
  if (open) {
    await endGone(parts, adapter, new Set(open.map((found) => found.vendorSessionId)), guarded);
    for (const found of open) await endOrphan(parts, adapter, found, guarded);
  }
  // After the sessions: what serves one that runs is not taken from under it.
  const left = await listed(parts, adapter, async () => (await adapter.listLeft?.()) ?? []);
  for (const { marker, resources } of left ?? []) {
    const id = sessionOfMarker(parts, marker);
    if (id === undefined || CARED_FOR.has((await parts.store.sessions.get(id))?.state)) continue;
    await guarded("leftovers", id, () => adapter.release(resources));
  }
}

/** A session in one of these states is released by its own end. */
const CARED_FOR = new Set<SessionState | undefined>(["preparing", "open", "live", "ending"]);

async function listed<T>(
  parts: ComposerParts,
  { vendor }: PresentationAdapter,
  list: () => Promise<T[]>,
): Promise<T[] | undefined> {
  try {
    return await list();
  } catch (error) {
    parts.logger.warn({ vendor, code: toAstrocyteError(error).code }, "the vendor's list of sessions failed");
    return undefined;
  }
}

async function endOrphan(
  parts: ComposerParts,
  adapter: PresentationAdapter,
  { vendorSessionId, marker }: { vendorSessionId: string; marker: string },
  guarded: Guarded,
): Promise<void> {
  const id = sessionOfMarker(parts, marker);
  if (id === undefined) return;
  const row = await parts.store.sessions.get(id);
  const rightful =
    row && (row.state === "open" || row.state === "live" || (row.state === "preparing" && !lost(parts, row)));
  if (rightful) return;
  const handle = { sessionId: id, vendorSessionId, resources: row?.resources ?? [] };
  await guarded("orphans", id, async () => {
    await adapter.end(handle, "orphan");
    if (row) await closeAtVendor(parts, row, "orphan");
  });
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

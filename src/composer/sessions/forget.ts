import type { ComposerParts } from "../parts.ts";
import type { SessionRow } from "../store.ts";
import { endSession } from "./end.ts";
import { unschedule } from "./jobs.ts";
import { parseSubject } from "./lookup.ts";

const PAGE = 200;
const EVERY_STATE: SessionRow["state"][] = ["preparing", "open", "live", "ending", "ended", "failed"];

/**
 * Takes what sessions with a person kept of them: what was said, the briefing, what tools answered, and cached
 * records. A call that runs is ended first. That there was a session stays. Returns how many there were; safe to repeat.
 */
export async function forgetSubject(
  parts: ComposerParts,
  subject: string,
  tenantId: string | null,
): Promise<number> {
  for (const source of parts.sources.values()) source.forget(parseSubject(subject));
  let count = 0;
  let after: string | undefined;
  for (;;) {
    const page = await parts.store.sessions.list({ subject, limit: PAGE, ...(after && { after }) });
    for (const row of page.filter((each) => each.tenantId === tenantId)) {
      await forgetSession(parts, row);
      count++;
    }
    if (page.length < PAGE) return count;
    after = page.at(-1)!.id;
  }
}

async function forgetSession(parts: ComposerParts, row: SessionRow): Promise<void> {
  if (row.state !== "ended" && row.state !== "failed") await endSession(parts, row.id, "forgotten");
  await unschedule(parts, "settle", row.id);
  // Consent is withdrawn first: what a vendor still sends is then not kept either.
  const emptied = { consent: "none", briefing: null, metadata: {}, call: null, settled: true } as const;
  await parts.store.sessions.transition(row.id, EVERY_STATE, emptied);
  await parts.store.turns.remove(row.id);
  for (const call of await parts.store.toolCalls.list(row.id, 10_000))
    await parts.store.toolCalls.finish({ ...call, output: "", memoryId: null });
}

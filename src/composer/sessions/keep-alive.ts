import { toAstrocyteError } from "../../core/errors.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow } from "../store.ts";
import { schedule, unschedule } from "./jobs.ts";
import { handleOf, requireAdapter } from "./lookup.ts";

/**
 * What the `keep_alive` job does while a session runs: gives the vendor a sign of life and comes back in time for
 * the next one. Whether anybody is there is for the guard to say: it ends the session, and this with it.
 */
export async function keepAlive(parts: ComposerParts, row: SessionRow): Promise<void> {
  const adapter = requireAdapter(parts, row.vendor);
  const every = adapter.capabilities.keepAliveMs;
  if (every === undefined || (row.state !== "open" && row.state !== "live"))
    return unschedule(parts, "keep_alive", row.id);
  await schedule(parts, "keep_alive", row.id, parts.clock.now() + every);
  // Not waited for: a vendor that is slow must not hold up the guards of other sessions.
  void adapter
    .keepAlive?.(handleOf(row))
    .catch((error) =>
      parts.logger.warn(
        { sessionId: row.id, code: toAstrocyteError(error).code },
        "the vendor took no sign of life; the next one follows",
      ),
    );
}

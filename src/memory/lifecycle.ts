import { AstrocyteError } from "../core/errors.ts";
import type { Engine } from "./engine.ts";
import { erase, readRows } from "./forget.ts";
import type { AstrocyteContext } from "./types.ts";

/** Who acts when the clock does. */
const MAINTENANCE: AstrocyteContext = { principal: "service:astrocyte-lifecycle" };

/** What one run over all banks removed. */
export type MaintenanceResult = {
  banks: number;
  /** Removed because their time to live was over. */
  expired: number;
  /** Removed because they were deleted long enough ago. */
  purged: number;
  /** Banks left alone because of a legal hold. */
  held: string[];
};

/**
 * One run over all banks: removes for good what has expired and what was softly deleted more than
 * `keepDeletedMs` ago. Costs one query a bank, and one transaction where something goes.
 */
export async function maintain(engine: Engine, keepDeletedMs: number): Promise<MaintenanceResult> {
  const result: MaintenanceResult = { banks: 0, expired: 0, purged: 0, held: [] };
  const now = engine.clock.now();
  for (const { id } of await engine.store.banks.list()) {
    result.banks++;
    if (await isHeld(engine, id)) {
      result.held.push(id);
      continue;
    }
    const expired = await engine.store.memories.select(id, { expiredAt: now });
    const deleted = await engine.store.memories.select(id, { deletedBefore: now - keepDeletedMs });
    const rows = await readRows(engine, id, [...new Set([...expired, ...deleted])]);
    if (rows.length === 0) continue;
    const removed = await erase(engine, "purge", id, rows, MAINTENANCE);
    result.expired += Math.min(removed, expired.length);
    result.purged += Math.max(0, removed - expired.length);
  }
  return result;
}

async function isHeld({ policy }: Engine, bankId: string): Promise<boolean> {
  try {
    await policy.assertNoHold(bankId);
    return false;
  } catch (error) {
    if (AstrocyteError.is(error, "legal_hold")) return true;
    throw error;
  }
}

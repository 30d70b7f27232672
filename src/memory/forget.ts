import { AstrocyteError } from "../core/errors.ts";
import type { Engine } from "./engine.ts";
import type { MemoryRow, Selector } from "./store.ts";
import { toMs } from "./time.ts";
import type { AstrocyteContext, ForgetOptions, ForgetResult, TimeInput } from "./types.ts";
import { repairSlots } from "./updates/repair.ts";

const PAGE = 500;

/**
 * Deletes what all given selectors hold for. Soft keeps it for `restore` until it is purged, unseen by every
 * search; hard leaves no byte of it. A fact that a deleted one had replaced is current again.
 * Authorisation is the caller's. Errors: `invalid_input` without a selector, `legal_hold`.
 */
export async function forget(
  engine: Engine,
  options: ForgetOptions,
  context: AstrocyteContext,
): Promise<ForgetResult> {
  const { bankId, mode = "soft", dryRun = false } = options;
  const selector = toSelector(options);
  await engine.policy.assertNoHold(bankId);
  const found = await engine.store.memories.select(bankId, selector);
  const rows = await readRows(engine, bankId, found);
  const targets = mode === "hard" ? rows : rows.filter(({ deletedAt }) => deletedAt === null);
  const memoryIds = targets.map(({ id }) => id);
  const notFound = options.memoryIds ? await countUnknown(engine, bankId, options.memoryIds) : 0;
  if (dryRun) return { deletedCount: memoryIds.length, memoryIds, notFound, dryRun, mode };
  const deletedCount =
    mode === "hard"
      ? await erase(engine, "forget", bankId, targets, context)
      : await hide(engine, bankId, targets, context);
  return { deletedCount, memoryIds, notFound, dryRun, mode };
}

/** Which softly deleted memories come back. Needs `forget`. */
export type RestoreOptions = { bankId: string; context?: AstrocyteContext; memoryIds: string[] };

/** Brings softly deleted memories back; one that was said again meanwhile stays deleted. Returns how many came back. */
export async function restore(
  engine: Engine,
  { bankId, memoryIds }: RestoreOptions,
  context: AstrocyteContext,
): Promise<{ restoredCount: number }> {
  const rows = await readRows(engine, bankId, memoryIds);
  const deleted = rows.filter(({ deletedAt }) => deletedAt !== null);
  const entry = engine.policy.auditEntry(context, "restore", bankId, "restored", { asked: deleted.length });
  const ids = deleted.map(({ id }) => id);
  const restoredCount = await engine.store.memories.restore(bankId, ids, entry);
  await repairSlots(engine, bankId, slotsOf(deleted));
  return { restoredCount };
}

/** Which softly deleted memories go for good. Needs `forget`. */
export type PurgeOptions = {
  bankId: string;
  context?: AstrocyteContext;
  /** Only these; all softly deleted ones when absent. */
  memoryIds?: string[];
  /** Only what was deleted at or before this time. */
  before?: TimeInput;
};

/** Removes softly deleted memories for good. Errors: `legal_hold`. */
export async function purge(
  engine: Engine,
  { bankId, memoryIds, before }: PurgeOptions,
  context: AstrocyteContext,
): Promise<{ purgedCount: number }> {
  await engine.policy.assertNoHold(bankId);
  const ids = await engine.store.memories.select(bankId, {
    deletedBefore: before === undefined ? engine.clock.now() : toMs(before, "before"),
    ...(memoryIds && { memoryIds }),
  });
  const rows = await readRows(engine, bankId, ids);
  return { purgedCount: await erase(engine, "purge", bankId, rows, context) };
}

/** Purges rows, and settles what they had replaced. */
export async function erase(
  engine: Engine,
  operation: "forget" | "purge",
  bankId: string,
  rows: Removed[],
  context: AstrocyteContext,
): Promise<number> {
  const ids = rows.map(({ id }) => id);
  const entry = engine.policy.auditEntry(context, operation, bankId, "purged", { count: ids.length });
  const count = await engine.store.memories.purge(bankId, ids, entry);
  await repairSlots(engine, bankId, slotsOf(rows), new Set(ids));
  return count;
}

async function hide(
  engine: Engine,
  bankId: string,
  rows: Removed[],
  context: AstrocyteContext,
): Promise<number> {
  const ids = rows.map(({ id }) => id);
  const entry = engine.policy.auditEntry(context, "forget", bankId, "deleted", { count: ids.length });
  const count = await engine.store.memories.softDelete(bankId, ids, engine.clock.now(), entry);
  await repairSlots(engine, bankId, slotsOf(rows), new Set(ids));
  return count;
}

export type Removed = Pick<MemoryRow, "id" | "slot" | "deletedAt">;

/** Without the texts: a whole bank may be meant. */
export async function readRows({ store }: Engine, bankId: string, ids: string[]): Promise<Removed[]> {
  const rows: Removed[] = [];
  for (let at = 0; at < ids.length; at += PAGE) {
    const page = await store.memories.get(bankId, ids.slice(at, at + PAGE));
    for (const { id, slot, deletedAt } of page) rows.push({ id, slot, deletedAt });
  }
  return rows;
}

async function countUnknown(engine: Engine, bankId: string, memoryIds: string[]): Promise<number> {
  const asked = [...new Set(memoryIds)];
  return asked.length - (await readRows(engine, bankId, asked)).length;
}

function slotsOf(rows: Removed[]): string[] {
  return rows.flatMap(({ slot }) => (slot === null ? [] : [slot]));
}

function toSelector(options: ForgetOptions): Selector {
  const { memoryIds, tags, before, source, sessionId, scope } = options;
  const selector: Selector = {
    ...(memoryIds && { memoryIds }),
    ...(tags && { tags }),
    ...(before !== undefined && { before: toMs(before, "before") }),
    ...(source !== undefined && { source }),
    ...(sessionId !== undefined && { sessionId }),
  };
  const given = Object.keys(selector).length;
  if (memoryIds?.length === 0 || tags?.length === 0) {
    throw new AstrocyteError(
      "invalid_input",
      "[forget] an empty list selects nothing. Leave it out or fill it.",
    );
  }
  if (scope !== undefined && scope !== "all") {
    throw new AstrocyteError("invalid_input", '[forget] scope must be "all".');
  }
  if (scope === "all" ? given > 0 : given === 0) {
    throw new AstrocyteError(
      "invalid_input",
      '[forget] give memoryIds, tags, before, source or sessionId, or scope "all" alone.',
    );
  }
  return scope === "all" ? { all: true } : selector;
}

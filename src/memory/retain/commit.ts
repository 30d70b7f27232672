import type { Engine } from "../engine.ts";
import type { NewAuditEntry, NewMemory, WriteBatch } from "../store.ts";
import type { RetainedChunk, RetainResult } from "../types.ts";
import { type Replacement, restated, type Stated, settle, statedBy } from "../updates/settle.ts";
import type { Draft, DraftRow } from "./prepare.ts";

/** What must not be decided twice at a time: positions in a session, the current value of a slot. */
export function lockKeys(drafts: Draft[]): Set<string> {
  const keys = new Set<string>();
  for (const { bankId, rows, idempotencyKey } of drafts) {
    if (idempotencyKey !== undefined) keys.add(`${bankId}\nkey ${idempotencyKey}`);
    for (const { row, facts } of rows) {
      keys.add(`${bankId}\nhash ${row.hash}`);
      if (row.sessionId !== null) keys.add(`${bankId}\nsession ${row.sessionId}`);
      for (const { slot } of facts) keys.add(`${bankId}\nslot ${slot}`);
    }
  }
  return keys;
}

/**
 * Places the rows in their sessions, settles which facts are current, and writes all drafts of one bank in one
 * transaction with their audit. At most one of the drafts may have an idempotency key.
 */
export async function commit(engine: Engine, bankId: string, drafts: Draft[]): Promise<RetainResult[]> {
  const rows = drafts.flatMap((draft) => draft.rows);
  const [slots] = await Promise.all([readSlots(engine, bankId, rows), place(engine, bankId, rows)]);
  const supersedes: Replacement[] = [];
  const inBatch = new Map<string, string>();
  for (const draft of rows) {
    const twin = draft.twin ?? inBatch.get(draft.row.hash) ?? sameFact(slots, draft);
    if (twin !== undefined) {
      draft.twin = twin;
      continue;
    }
    inBatch.set(draft.row.hash, draft.row.id);
    for (const { slot } of draft.facts) supersedes.push(...settle(slots.get(slot) ?? [], draft));
  }
  const fresh = rows.filter(({ twin }) => twin === undefined);
  const results = drafts.map((draft) => toResult(draft, supersedes, {}));
  const [first] = drafts;
  const batch: WriteBatch = {
    bankId,
    memories: fresh.map(({ row, vector }): NewMemory => ({ row, vector: vector! })),
    merges: rows.flatMap(({ row, twin }) =>
      twin === undefined ? [] : [{ memoryId: twin, seenAt: row.occurredAt, expiresAt: row.expiresAt }],
    ),
    supersedes,
    audit: drafts.map((draft, i) => auditOf(engine, draft, results[i]!)),
    ...(first?.idempotencyKey !== undefined && {
      idempotency: { key: first.idempotencyKey, result: JSON.stringify(results[0]) },
    }),
  };
  const { duplicates, idempotent } = await engine.store.memories.write(batch);
  if (idempotent !== undefined) return [JSON.parse(idempotent) as RetainResult];
  return Object.keys(duplicates).length === 0
    ? results
    : drafts.map((draft) => toResult(draft, supersedes, duplicates));
}

async function readSlots(
  { store }: Engine,
  bankId: string,
  rows: DraftRow[],
): Promise<Map<string, Stated[]>> {
  const slots = new Map<string, Stated[]>();
  for (const { facts } of rows) for (const { slot } of facts) slots.set(slot, []);
  if (slots.size === 0) return slots;
  for (const row of await store.memories.bySlot(bankId, [...slots.keys()])) {
    slots.get(row.slot ?? "")?.push(statedBy(row));
  }
  return slots;
}

/** Positions go on where the session stands. A row that will be merged takes none. */
async function place({ store }: Engine, bankId: string, rows: DraftRow[]): Promise<void> {
  const sessions = new Map<string, number>();
  for (const { row, twin } of rows)
    if (row.sessionId !== null && twin === undefined) sessions.set(row.sessionId, 0);
  await Promise.all(
    [...sessions.keys()].map(async (id) => {
      sessions.set(id, (await store.memories.lastPosition(bankId, id)) + 1);
    }),
  );
  for (const { row, twin } of rows) {
    if (row.sessionId === null || twin !== undefined) continue;
    row.position = sessions.get(row.sessionId)!;
    sessions.set(row.sessionId, row.position + 1);
  }
}

/** Turns keep their place in their session; only a plain statement can be dropped as said before. */
function sameFact(slots: Map<string, Stated[]>, draft: DraftRow): string | undefined {
  const [fact] = draft.facts;
  if (draft.row.contentType !== "text" || draft.facts.length !== 1 || !fact) return undefined;
  return restated(slots.get(fact.slot) ?? [], draft)?.id;
}

function toResult(draft: Draft, supersedes: Replacement[], duplicates: Record<string, string>): RetainResult {
  const chunks = draft.rows.map(({ row, twin }): RetainedChunk => {
    const known = twin ?? duplicates[row.id];
    if (known !== undefined) return { memoryId: known, action: "merged", flags: row.flags };
    const older = supersedes.find(({ by }) => by === row.id)?.memoryId;
    return {
      memoryId: row.id,
      action: "stored",
      flags: row.flags,
      ...(older !== undefined && { supersedes: older }),
    };
  });
  const stored = chunks.some(({ action }) => action === "stored");
  return {
    stored,
    deduplicated: !stored,
    action: stored ? "stored" : "merged",
    redactions: draft.result.redactions,
    chunks,
    ...(chunks[0] && { memoryId: chunks[0].memoryId }),
  };
}

function auditOf({ policy }: Engine, draft: Draft, result: RetainResult): NewAuditEntry {
  const merged = result.chunks.filter(({ action }) => action === "merged").length;
  const flags = [...new Set(result.chunks.flatMap((chunk) => chunk.flags))];
  return policy.auditEntry(draft.context, "retain", draft.bankId, result.action, {
    stored: result.chunks.length - merged,
    merged,
    superseded: result.chunks.filter(({ supersedes }) => supersedes !== undefined).length,
    ...(result.redactions.length > 0 && { redacted: result.redactions.map(({ kind }) => kind) }),
    ...(flags.length > 0 && { flags }),
  });
}

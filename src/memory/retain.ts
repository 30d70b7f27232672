import { createKeyedLock } from "../core/keyed-lock.ts";
import { ensureBank } from "./banks.ts";
import { embeddingText } from "./embedding-text.ts";
import type { Engine } from "./engine.ts";
import { commit, lockKeys } from "./retain/commit.ts";
import { type Draft, prepare, type RetainItem } from "./retain/prepare.ts";
import { findTwins } from "./retain/twins.ts";
import type { RetainResult } from "./types.ts";

export type { RetainItem } from "./retain/prepare.ts";

/**
 * Stores contents, authorised already, and returns their results in order. Those of one bank go into one
 * transaction, except that a content with an idempotency key has one of its own. Safe to call concurrently.
 */
export type Retainer = (items: RetainItem[]) => Promise<RetainResult[]>;

export function createRetainer(engine: Engine): Retainer {
  const lock = createKeyedLock();

  async function store(bankId: string, drafts: Draft[]): Promise<RetainResult[]> {
    const rows = drafts.flatMap((draft) => draft.rows);
    await findTwins(engine, bankId, rows);
    await embed(engine, drafts);
    return lock(lockKeys(drafts), () => commit(engine, bankId, drafts));
  }

  /** With a key everything waits its turn, so that a repeat in flight finds the first one's result. */
  async function storeOnce(item: RetainItem, key: string): Promise<RetainResult> {
    const { bankId } = item.options;
    return lock([`${bankId}\nonce ${key}`], async () => {
      const known = await engine.store.memories.idempotent(bankId, key);
      if (known !== undefined) return JSON.parse(known) as RetainResult;
      const draft = await prepare(engine, item);
      if ("action" in draft) return refuse(engine, item, draft);
      await ensureBank(engine, bankId, item.context);
      const [result] = await store(bankId, [draft]);
      return result!;
    });
  }

  async function storeAll(items: RetainItem[]): Promise<RetainResult[]> {
    const prepared = await Promise.all(items.map((item) => prepare(engine, item)));
    const results: RetainResult[] = [];
    const banks = Map.groupBy(prepared.keys(), (i) => items[i]!.options.bankId);
    for (const [bankId, indices] of banks) {
      const accepted: Array<[number, Draft]> = [];
      for (const i of indices) {
        const draft = prepared[i]!;
        if ("action" in draft) results[i] = await refuse(engine, items[i]!, draft);
        else accepted.push([i, draft]);
      }
      if (accepted.length === 0) continue;
      await ensureBank(engine, bankId, accepted[0]![1].context);
      const stored = await store(
        bankId,
        accepted.map(([, draft]) => draft),
      );
      accepted.forEach(([i], at) => {
        results[i] = stored[at]!;
      });
    }
    return results;
  }

  return async (items) => {
    const results: RetainResult[] = [];
    const once = Map.groupBy(items.keys(), (i) => items[i]!.options.idempotencyKey !== undefined);
    const plain = once.get(false) ?? [];
    const stored = await storeAll(plain.map((i) => items[i]!));
    plain.forEach((i, at) => {
      results[i] = stored[at]!;
    });
    for (const i of once.get(true) ?? []) {
      results[i] = await storeOnce(items[i]!, items[i]!.options.idempotencyKey!);
    }
    return results;
  };
}

/** One call for everything that is new. */
async function embed({ embedder }: Engine, drafts: Draft[]): Promise<void> {
  const rows = drafts
    .flatMap((draft) => draft.rows)
    .filter(({ twin, vector }) => twin === undefined && vector === undefined);
  if (rows.length === 0) return;
  const vectors = await embedder.embed(rows.map(({ row }) => embeddingText(row)));
  rows.forEach((draft, i) => {
    draft.vector = vectors[i]!;
  });
}

async function refuse(engine: Engine, item: RetainItem, result: RetainResult): Promise<RetainResult> {
  const { bankId } = item.options;
  const facts = { reason: result.reason ?? "" };
  await engine.store.audit.append([
    engine.policy.auditEntry(item.context, "retain", bankId, "refused", facts),
  ]);
  return result;
}

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
 * Takes contents that are authorised already, and does all that can be done before their turn to be written:
 * barrier, known duplicates, embedding. Safe to call concurrently.
 */
export type Retainer = (items: RetainItem[]) => Promise<Staged>;

export type Staged = {
  /**
   * Writes them and returns their results in order. Those of one bank go into one transaction, except that a
   * content with an idempotency key has one of its own.
   */
  commit(): Promise<RetainResult[]>;
};

type Outcome = Draft | RetainResult;

export function createRetainer(engine: Engine): Retainer {
  const lock = createKeyedLock();

  /** With a key everything waits its turn, so that a repeat in flight finds the first one's result. */
  async function storeOnce(item: RetainItem, key: string): Promise<RetainResult> {
    const { bankId } = item.options;
    return lock([`${bankId}\nonce ${key}`], async () => {
      const known = await engine.store.memories.idempotent(bankId, key);
      if (known !== undefined) return JSON.parse(known) as RetainResult;
      const outcome = await prepare(engine, item);
      if ("action" in outcome) return refuse(engine, item, outcome);
      await stageBank(engine, bankId, [outcome]);
      const [result] = await lock(lockKeys([outcome]), () => commit(engine, bankId, [outcome]));
      return result!;
    });
  }

  async function storeAll(
    items: RetainItem[],
    outcomes: Array<Outcome | undefined>,
  ): Promise<RetainResult[]> {
    const results: RetainResult[] = [];
    for (const [bankId, indices] of byBank(outcomes)) {
      const drafts = indices.map((i) => outcomes[i] as Draft);
      const stored = await lock(lockKeys(drafts), () => commit(engine, bankId, drafts));
      indices.forEach((i, at) => {
        results[i] = stored[at]!;
      });
    }
    for (const [i, item] of items.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined) results[i] = await storeOnce(item, item.options.idempotencyKey!);
      else if ("action" in outcome) results[i] = await refuse(engine, item, outcome);
    }
    return results;
  }

  return async (items) => {
    const outcomes = await Promise.all(
      items.map((item) => (item.options.idempotencyKey === undefined ? prepare(engine, item) : undefined)),
    );
    for (const [bankId, indices] of byBank(outcomes)) {
      await stageBank(
        engine,
        bankId,
        indices.map((i) => outcomes[i] as Draft),
      );
    }
    return { commit: () => storeAll(items, outcomes) };
  };
}

/** Where the drafts of each bank are. */
function byBank(outcomes: Array<Outcome | undefined>): Map<string, number[]> {
  const banks = new Map<string, number[]>();
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome === undefined || "action" in outcome) continue;
    banks.set(outcome.bankId, [...(banks.get(outcome.bankId) ?? []), i]);
  }
  return banks;
}

async function stageBank(engine: Engine, bankId: string, drafts: Draft[]): Promise<void> {
  await ensureBank(engine, bankId, drafts[0]!.context);
  await findTwins(
    engine,
    bankId,
    drafts.flatMap((draft) => draft.rows),
  );
  await embed(engine, drafts);
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

import { AstrocyteError } from "../core/errors.ts";
import { embeddingText } from "./embedding-text.ts";
import type { Engine } from "./engine.ts";
import type { AuditRow } from "./store.ts";
import type { AstrocyteContext } from "./types.ts";

const PAGE = 256;

/** Which bank. Needs `admin`. */
export type ReindexOptions = {
  bankId: string;
  context?: AstrocyteContext;
  onProgress?: (progress: { done: number; total: number }) => void;
  signal?: AbortSignal;
};

/** What was done, `from` one model `to` another. */
export type ReindexResult = {
  /** Memories whose vectors this run made; fewer than all when it went on where another had stopped. */
  reindexed: number;
  resumed: boolean;
  from: string;
  to: string;
};

/**
 * Makes a bank's vectors anew with the embedder that is configured. Every page is durable, and the audit knows
 * how far it got, so that a run that was killed goes on there. Until the end the bank keeps its former model:
 * recall by meaning and retain stay refused, nothing is ever compared across models.
 */
export async function reindex(
  engine: Engine,
  { bankId, onProgress, signal }: ReindexOptions,
  context: AstrocyteContext,
): Promise<ReindexResult> {
  const { store, embedder, policy } = engine;
  const to = embedder.embeddingModel;
  const bank = (await store.banks.list()).find(({ id }) => id === bankId);
  if (!bank) throw new AstrocyteError("not_found", "[reindex] there is no such bank. Check its id.");
  const from = bank.embeddingModel;
  const progress = await lastProgress(engine, bankId, from, to);
  let { after, done } = progress;
  let reindexed = 0;
  for (;;) {
    if (signal?.aborted)
      throw new AstrocyteError("cancelled", "[reindex] it was cancelled. Run it again to go on.");
    const page = await store.memories.scan(bankId, after, PAGE);
    const last = page.at(-1);
    if (!last) break;
    const vectors = await embedder.embed(
      page.map(({ row }) => embeddingText(row)),
      { ...(signal && { signal }) },
    );
    await store.memories.replaceVectors(
      bankId,
      page.map(({ row }, i) => ({ id: row.id, vector: vectors[i]! })),
    );
    after = last.row.id;
    done += page.length;
    reindexed += page.length;
    await store.audit.append([
      policy.auditEntry(context, "reindex", bankId, "page", { from, to, after, done }),
    ]);
    onProgress?.({ done, total: Math.max(done, bank.memories) });
  }
  await store.memories.replaceVectors(bankId, [], to);
  await store.audit.append([policy.auditEntry(context, "reindex", bankId, "done", { from, to, done })]);
  return { reindexed, resumed: progress.after !== undefined, from, to };
}

/** Where the last run between the same two models stopped, unless its last memory is gone by now. */
async function lastProgress(
  { store }: Engine,
  bankId: string,
  from: string,
  to: string,
): Promise<{ after: string | undefined; done: number }> {
  const start = { after: undefined, done: 0 };
  const { outcome, facts } = (await lastEntry(store.audit.read, bankId)) ?? {};
  if (outcome !== "page" || facts?.["from"] !== from || facts["to"] !== to) return start;
  const after = facts["after"] as string;
  const [row] = await store.memories.get(bankId, [after]);
  return row ? { after, done: facts["done"] as number } : start;
}

async function lastEntry(
  read: Engine["store"]["audit"]["read"],
  bankId: string,
): Promise<AuditRow | undefined> {
  let last: AuditRow | undefined;
  let seq = 0;
  for (;;) {
    const rows = await read(seq, 1000, bankId);
    last = rows.findLast(({ operation }) => operation === "reindex") ?? last;
    if (rows.length === 0) return last;
    seq = rows.at(-1)!.seq;
  }
}

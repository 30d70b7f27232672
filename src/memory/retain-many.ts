import { AccessDenied, AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import type { Policy } from "./policy/policy.ts";
import type { Retainer, RetainItem, Staged } from "./retain.ts";
import type { RetainContent, RetainOptions, RetainResult } from "./types.ts";

/** One content with its own options. */
export type ManyItem = RetainOptions & { content: RetainContent };

/** Of the whole run. */
export type ManyOptions = {
  /** After each batch; `total` is known when the items are an array. */
  onProgress?: (progress: { done: number; total?: number }) => void;
  signal?: AbortSignal;
};

const BATCH = 256;

/**
 * Retains any number of contents in batches: one embedding call and one transaction a batch. The next batch is
 * embedded while this one is written, and no further one is read. Results are in the order of the items.
 *
 * A refused item does not stop the others. An error does: it says in `details.done` how many are stored.
 * @param admit Authorises and counts a batch before it is touched.
 */
export async function retainMany(
  retainer: Retainer,
  items: Iterable<ManyItem> | AsyncIterable<ManyItem>,
  options: ManyOptions,
  admit: (items: ManyItem[]) => Promise<RetainItem[]>,
): Promise<RetainResult[]> {
  const results: RetainResult[] = [];
  const total = Array.isArray(items) ? { total: items.length } : {};
  let writing: Promise<void> = Promise.resolve();
  const write = async ({ commit }: Staged) => {
    results.push(...(await commit()));
    options.onProgress?.({ done: results.length, ...total });
  };
  try {
    for await (const batch of batches(items)) {
      options.signal?.throwIfAborted();
      const staged = await retainer(await admit(batch));
      await writing;
      writing = write(staged);
      // Seen by the next `await writing`; until then it must not count as unhandled.
      writing.catch(() => {});
    }
    await writing;
  } catch (error) {
    await writing.catch(() => {});
    throw stopped(results.length, options.signal?.aborted ? cancelled() : error);
  }
  return results;
}

function cancelled(): AstrocyteError {
  return new AstrocyteError("cancelled", "it was cancelled. Go on from there.");
}

/** Authorises and counts a batch; each pair of a context and a bank once, all of them before any is counted. */
export async function admit(policy: Policy, items: RetainItem[]): Promise<RetainItem[]> {
  const pairs = Map.groupBy(items, ({ context, options }) => JSON.stringify([context, options.bankId]));
  const groups = [...pairs.values()].map((group) => ({ ...group[0]!, amount: group.length }));
  for (const { context, options } of groups) {
    await policy.authorize(context, "retain", "write", [options.bankId]);
  }
  for (const { context, options, amount } of groups) {
    await policy.spend(context, "retain", options.bankId, amount);
  }
  return items;
}

async function* batches(items: Iterable<ManyItem> | AsyncIterable<ManyItem>): AsyncGenerator<ManyItem[]> {
  let batch: ManyItem[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function stopped(done: number, error: unknown): AstrocyteError {
  const { code, message, retryable, details } = toAstrocyteError(error);
  const what = `[retain] stopped after ${done} items: ${message}`;
  const options = { cause: error, retryable, details: { ...details, done } };
  return code === "access_denied" ? new AccessDenied(what, options) : new AstrocyteError(code, what, options);
}

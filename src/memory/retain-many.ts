import { AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import type { Retainer, RetainItem } from "./retain.ts";
import type { RetainContent, RetainOptions, RetainResult } from "./types.ts";

export type ManyItem = RetainOptions & { content: RetainContent };

export type ManyOptions = {
  /** After each batch; `total` is known when the items are an array. */
  onProgress?: (progress: { done: number; total?: number }) => void;
  signal?: AbortSignal;
};

const BATCH = 128;

/**
 * Retains any number of contents in batches: one embedding call and one transaction a batch, the next batch
 * being read only when this one is stored. Results are in the order of the items.
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
  for await (const batch of batches(items)) {
    if (options.signal?.aborted)
      throw stopped(results.length, new AstrocyteError("cancelled", "It was cancelled."));
    try {
      results.push(...(await retainer(await admit(batch))));
    } catch (error) {
      throw stopped(results.length, error);
    }
    options.onProgress?.({ done: results.length, ...total });
  }
  return results;
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
  return new AstrocyteError(code, `[retain] stopped after ${done} items: ${message}`, {
    cause: error,
    retryable,
    details: { ...details, done },
  });
}

import { availableParallelism } from "node:os";
import { type Clock, systemClock } from "../../../core/clock.ts";
import { withDeadline } from "../../../core/deadline.ts";
import { AstrocyteError } from "../../../core/errors.ts";
import { withSpan } from "../../../core/telemetry.ts";
import { WorkerPool, workerUrl } from "../../../core/worker-pool.ts";
import type { EmbedOptions, LLMProvider } from "../provider.ts";
import { cacheFolder } from "./cache.ts";
import { REVISION } from "./graph.ts";
import { EmbedQueue } from "./queue.ts";
import { VectorCache } from "./vector-cache.ts";

/** Where the converted model lies and how many threads embed. */
export type LocalEmbedderOptions = {
  /** Threads, each with its own copy of the model (about 50 MB); at most 4 and one a core when absent. */
  workers?: number;
  /** Where the converted model is kept; see `cacheFolder`. */
  cacheDir?: string;
  /** Milliseconds for a call that gives none; no deadline when absent. */
  timeoutMs?: number;
  clock?: Clock;
};

const WARM_UP = "Good morning.";
const MODEL = `use-lite-q8@${REVISION}`;

/**
 * Sentence vectors without a key or a network: Universal Sentence Encoder (lite) in 8 bits, 512 dimensions,
 * English. About 0.6 ms a sentence of 12 words on one thread; nothing is loaded before the first call.
 * Longer texts than 128 tokens are embedded in windows and averaged.
 *
 * Errors: `dependency_missing`, `llm_timeout`, `cancelled`, `llm_unavailable`, `not_supported` (`complete`).
 */
export function createLocalEmbedder(options: LocalEmbedderOptions = {}): LLMProvider {
  const workerData = { cacheDir: options.cacheDir ?? cacheFolder() };
  const url = workerUrl("worker", import.meta.url);
  // One pool a worker: the queue decides who gets what, so that queries overtake.
  const pools = Array.from(
    { length: options.workers ?? Math.min(4, availableParallelism()) },
    (_, i) =>
      new WorkerPool({
        url,
        name: `embedder-${i}`,
        size: 1,
        inFlight: 2,
        workerData,
        crashCode: "llm_unavailable",
      }),
  );
  const queue = new EmbedQueue(pools.map((pool) => (texts) => pool.run<Float32Array>(texts)));
  const clock = options.clock ?? systemClock;
  const cache = new VectorCache(clock);
  return {
    name: "local",
    embeddingModel: `local:${MODEL}`,
    capabilities: () => ({
      completion: false,
      embedding: true,
      modalitiesSupported: [],
      supportsMultimodalCompletion: false,
      supportsMultimodalEmbedding: false,
    }),
    async complete() {
      throw new AstrocyteError(
        "not_supported",
        "[llm.local] The local provider makes vectors only. Configure llm_provider to write text.",
      );
    },
    async embed(texts, { timeoutMs = options.timeoutMs, signal }: EmbedOptions = {}) {
      const known = cache.get(texts);
      if (known) return known;
      const vectors = await withSpan("embeddings", spanAttributes(texts.length), () =>
        withDeadline(
          { timeoutMs, signal, clock, code: "llm_timeout", what: "[llm.local] embedding" },
          (inner) => queue.embed(texts, inner),
        ),
      );
      cache.put(texts, vectors);
      return vectors;
    },
    async warm() {
      await Promise.all(pools.map((pool) => pool.run<Float32Array>([WARM_UP])));
    },
    async close() {
      cache.clear();
      await Promise.all(pools.map((pool) => pool.close()));
    },
  };
}

function spanAttributes(texts: number): Record<string, string | number> {
  return {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.provider.name": "local",
    "gen_ai.request.model": MODEL,
    "astrocyte.embeddings.count": texts,
  };
}

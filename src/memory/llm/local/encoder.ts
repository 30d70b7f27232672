import type { InferenceSession } from "onnxruntime-node";
import { AstrocyteError } from "../../../core/errors.ts";
import { packBatches, type Window, windows } from "./batches.ts";
import { readCached, writeCached } from "./cache.ts";
import { buildGraph, MAX_TOKENS, REVISION, WIDTH } from "./graph.ts";
import { productsOverflow } from "./overflow.ts";
import { createTokenizer } from "./tokenizer.ts";
import { readVocabulary, readWeights } from "./weights.ts";

type Runtime = typeof import("onnxruntime-node");

/** Texts to unit vectors, row by row in one array of `texts.length * 512`. */
export type Encoder = (texts: string[]) => Promise<Float32Array>;

const FILE = `use-lite-q8-${REVISION}.onnx`;

/** Loads the model from the cache folder, or converts it and puts it there. Takes one thread. */
export async function loadEncoder(folder: string): Promise<Encoder> {
  const runtime = await loadRuntime();
  const [vocabulary, session] = await Promise.all([readVocabulary(), openSession(runtime, folder)]);
  const tokenize = createTokenizer(vocabulary);
  return async (texts) => {
    const sums = new Float32Array(texts.length * WIDTH);
    for (const batch of packBatches(windows(texts.map(tokenize), MAX_TOKENS))) {
      const vectors = await runBatch(runtime, session, batch);
      for (const [row, { text }] of batch.entries()) {
        const sum = sums.subarray(text * WIDTH, (text + 1) * WIDTH);
        for (let i = 0; i < WIDTH; i++) sum[i]! += vectors[row * WIDTH + i]!;
      }
    }
    for (let text = 0; text < texts.length; text++) {
      normalize(sums.subarray(text * WIDTH, (text + 1) * WIDTH));
    }
    return sums;
  };
}

async function loadRuntime(): Promise<Runtime> {
  try {
    const module = await import("onnxruntime-node");
    return module.default as unknown as Runtime;
  } catch (cause) {
    throw new AstrocyteError(
      "dependency_missing",
      "[llm.local] The package onnxruntime-node is not installed for this platform. Run `npm install onnxruntime-node`, or set llm_provider_config.embedding_model to use a provider's embeddings.",
      { cause },
    );
  }
}

async function openSession(runtime: Runtime, folder: string): Promise<InferenceSession> {
  const cached = await readCached(folder, FILE);
  if (cached) {
    try {
      return await createSession(runtime, cached);
    } catch {
      // A damaged file is replaced below.
    }
  }
  const built = buildGraph(await readWeights());
  await writeCached(folder, FILE, built);
  return createSession(runtime, built);
}

async function createSession(runtime: Runtime, bytes: Uint8Array): Promise<InferenceSession> {
  const exact = await productsOverflow(runtime);
  return runtime.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...(exact && { extra: { session: { x64quantprecision: "1" } } }),
  });
}

async function runBatch(runtime: Runtime, session: InferenceSession, batch: Window[]): Promise<Float32Array> {
  const length = Math.max(1, batch.at(-1)!.ids.length);
  const dims = [batch.length, length];
  const ids = new Int32Array(batch.length * length);
  const mask = new Float32Array(ids.length);
  const weight = new Float32Array(ids.length);
  for (const [row, window] of batch.entries()) {
    const count = Math.max(1, window.ids.length);
    ids.set(window.ids, row * length);
    mask.fill(1, row * length, row * length + count);
    weight.fill(1 / count, row * length, row * length + count);
  }
  const { Tensor } = runtime;
  const output = await session.run({
    ids: new Tensor("int32", ids, dims),
    mask: new Tensor("float32", mask, dims),
    weight: new Tensor("float32", weight, dims),
  });
  return output["embedding"]!.data as Float32Array;
}

function normalize(vector: Float32Array): void {
  let square = 0;
  for (const value of vector) square += value * value;
  const scale = 1 / Math.sqrt(square || 1);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
}

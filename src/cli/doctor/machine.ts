import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { performance } from "node:perf_hooks";
import type { Check } from "../commands/doctor.ts";

type Found = Omit<Check, "name">;

const MIN_NODE = 24;
const LOW_BYTES = 500 * 2 ** 20;
const GIB = 2 ** 30;

export function nodeVersion(): Check {
  const found = `Node ${process.versions.node} on ${process.platform} ${process.arch}.`;
  const enough = Number(process.versions.node.split(".")[0]) >= MIN_NODE;
  return enough
    ? { name: "node", state: "ok", found }
    : { name: "node", state: "failed", found, fix: `Install Node ${MIN_NODE} or newer.` };
}

/** Loads the embedder that ships with the package and times it. */
export async function embedder(signal: AbortSignal): Promise<Found> {
  const { createLocalEmbedder } = await import("../../memory/llm/local/embedder.ts");
  const local = createLocalEmbedder({ workers: 1 });
  try {
    const start = performance.now();
    const [vector] = await local.embed(["The first sentence loads the model."], { signal });
    const loaded = performance.now() - start;
    const again = performance.now();
    await local.embed(["The second sentence shows its speed."], { signal });
    const each = performance.now() - again;
    const times = `loaded in ${Math.round(loaded)} ms, then ${each.toFixed(1)} ms a sentence`;
    return { state: "ok", found: `${local.embeddingModel}, ${vector?.length} dimensions; ${times}.` };
  } finally {
    await local.close?.();
  }
}

/** Space where the database lies: a full disk refuses writes. */
export async function diskSpace(file: string): Promise<Found> {
  const { bavail, bsize } = await statfs(dirname(file));
  const free = bavail * bsize;
  const found = `${(free / GIB).toFixed(1)} GiB free beside ${file}.`;
  if (free >= LOW_BYTES) return { state: "ok", found };
  return { state: "warning", found, fix: "Make room: memory refuses writes on a full disk." };
}

import { performance } from "node:perf_hooks";
import { toAstrocyteError } from "../../core/errors.ts";
import type { Check } from "../commands/doctor.ts";
import { locate } from "../locate.ts";
import type { Cli } from "../run.ts";
import { configuration, llmReachable } from "./configuration.ts";
import { diskSpace, nodeVersion } from "./machine.ts";

/** Runs every check, whatever the others found; a check never throws. */
export async function* examine(cli: Cli): AsyncGenerator<Check> {
  yield nodeVersion();
  const place = await locate(cli.flags);
  const config = "config" in place ? place.config : undefined;
  const read = await configuration(config);
  yield read.check;
  yield await embedder(cli);
  if (read.config || !config) {
    yield await store(cli);
    yield await auditChain(cli);
  }
  yield await diskSpace("db" in place ? place.db : (read.config?.store.path ?? "."));
  if (read.config) {
    yield await llmReachable(read.config, cli.signal);
  }
}

async function embedder({ signal }: Cli): Promise<Check> {
  const name = "embedder";
  try {
    const { createLocalEmbedder } = await import("../../memory/llm/local/embedder.ts");
    const local = createLocalEmbedder({ workers: 1 });
    try {
      const start = performance.now();
      const [vector] = await local.embed(["The first sentence loads the model."], { signal });
      const loaded = performance.now() - start;
      const again = performance.now();
      await local.embed(["The second sentence shows its speed."], { signal });
      const each = performance.now() - again;
      return {
        name,
        state: "ok",
        found: `${local.embeddingModel}, ${vector?.length} dimensions; loaded in ${Math.round(loaded)} ms, then ${each.toFixed(1)} ms a sentence.`,
      };
    } finally {
      await local.close?.();
    }
  } catch (error) {
    return failed(name, error);
  }
}

async function store(cli: Cli): Promise<Check> {
  const name = "store";
  try {
    const memory = await cli.memory();
    const banks = await memory.banks(cli.context);
    const total = banks.reduce((sum, { memories }) => sum + memories, 0);
    return {
      name,
      state: "ok",
      found: `${banks.length} readable banks with ${total.toLocaleString("en")} memories.`,
    };
  } catch (error) {
    return failed(name, error);
  }
}

async function auditChain(cli: Cli): Promise<Check> {
  const name = "audit";
  try {
    const { ok, entries, brokenAt } = await (await cli.memory()).verifyAudit();
    if (ok) return { name, state: "ok", found: `${entries.toLocaleString("en")} entries, unbroken.` };
    return {
      name,
      state: "failed",
      found: `Broken at entry ${brokenAt}: it was changed, or what stood before it was removed.`,
      fix: "Compare with a backup, and find out who can write to the file.",
    };
  } catch (error) {
    return failed(name, error);
  }
}

export function failed(name: string, error: unknown): Check {
  const { message, code } = toAstrocyteError(error);
  return { name, state: "failed", found: `${message} (${code})` };
}

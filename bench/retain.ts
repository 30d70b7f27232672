import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Astrocyte } from "../src/memory/brain.ts";
import { memoryStore, openDatabase } from "../src/stores/sqlite/index.ts";
import { fixed, median, quantile } from "./brain/figures.ts";
import { memoryTexts } from "./recall/corpus.ts";

/** Lines that a killed writer must have acknowledged before it is killed. */
const ACKNOWLEDGED = 40;

/**
 * `bench retain`: one retain at a time, durable when it returns; a batch with the local embedder; and whether
 * anything acknowledged is lost when the process is killed.
 *
 *   --quick   fewer rounds
 */
export async function run(args: string[]): Promise<Record<string, number>> {
  const options = {
    quick: { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ args, options });
  const folder = mkdtempSync(join(tmpdir(), "astrocyte-retain-"));
  try {
    const memory = await Astrocyte.open(join(folder, "memory.db"));
    const figures = {
      ...(await single(memory, values.quick ? 150 : 1_000)),
      ...(await batch(memory, values.quick ? 6_000 : 20_000)),
      ...(await kills(folder, values.quick ? 3 : 12)),
    };
    await memory.close();
    console.log(
      Object.entries(figures)
        .map(([key, value]) => `${key} ${value}`)
        .join("\n"),
    );
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function single(memory: Astrocyte, rounds: number) {
  const times: number[] = [];
  for (const text of memoryTexts(rounds + 20, 3)) {
    const start = performance.now();
    await memory.retain(text, { bankId: "single" });
    times.push(performance.now() - start);
  }
  // The first ones load the embedder and its vocabulary.
  const warm = times.slice(20);
  return { retain_p50_ms: fixed(median(warm)), retain_p99_ms: fixed(quantile(warm, 0.99)) };
}

async function batch(memory: Astrocyte, count: number) {
  // No two alike: what is known already would be merged and not embedded.
  const texts = [...new Set(memoryTexts(2 * count, 4))].slice(0, count);
  const items = texts.map((content) => ({ content, bankId: "batch" }));
  const start = performance.now();
  await memory.retainMany(items);
  return { batch_memories_per_second: fixed((texts.length / (performance.now() - start)) * 1000, 0) };
}

async function kills(folder: string, times: number) {
  let [acknowledged, lost] = [0, 0];
  for (let i = 0; i < times; i++) {
    const path = join(folder, `killed-${i}.db`);
    const ids = await writeUntilKilled(path);
    const store = memoryStore(await openDatabase(path));
    const found = await store.memories.get("bench", ids);
    await store.close();
    acknowledged += ids.length;
    lost += ids.length - found.length;
  }
  return { kills: times, acknowledged_before_kill: acknowledged, lost_after_kill: lost };
}

async function writeUntilKilled(path: string): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "retain/writer.ts"), path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
    if (output.split("\n").length > ACKNOWLEDGED) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
  return output.split("\n").slice(0, -1);
}

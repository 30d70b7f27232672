import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { systemClock } from "../src/core/clock.ts";
import { Astrocyte } from "../src/memory/brain.ts";
import { createProviders } from "../src/memory/llm/create.ts";
import type { LLMProvider } from "../src/memory/llm/provider.ts";
import { fixed, median, quantile } from "./brain/figures.ts";
import { questionTexts } from "./recall/corpus.ts";
import { type Layout, memoryFile } from "./recall/files.ts";
import { readLimitMs } from "./recall/limit.ts";
import { MEM0_VERSION, openMem0 } from "./recall/mem0.ts";

const USAGE_VECTOR_BYTES = 512;
const CALLERS = 16;
const WARM_CALLS = 400;

/**
 * `bench recall`: hybrid recall with the local query embedding, in process, as a default install gives it. Arms
 * take turns within one run: 10,000 memories in a bank of a file with 100,000, 100,000 in one bank, many small
 * banks, and mem0 over as many memories with the same embedder. Files are made once and kept in the temp folder.
 *
 *   --quick   fewer rounds, 100,000 memories in 1,000 banks instead of a million in 10,000
 *   --no-mem0 leave mem0 out
 */
export async function run(args: string[]): Promise<Record<string, number>> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      "no-mem0": { type: "boolean", default: false },
    },
  });
  const { embedder } = createProviders({}, systemClock);
  const figures = await measure(embedder, values.quick, !values["no-mem0"]);
  await embedder.close?.();
  return figures;
}

type Arm = { name: string; ask: (question: string, round: number) => Promise<unknown>; rounds: number };
type Figures = Record<string, number>;

async function measure(embedder: LLMProvider, quick: boolean, withMem0: boolean): Promise<Figures> {
  const rounds = quick ? 150 : 1_000;
  const [banks, each] = quick ? [1_000, 100] : [10_000, 100];
  const tenBanks = Array.from({ length: 10 }, (_, i) => ({ id: `bank-${i}`, memories: 10_000 }));
  const many = Array.from({ length: banks }, (_, i) => ({ id: `bank-${i}`, memories: each }));
  const [ten, hundred, million] = [
    await open({ name: "10x10k", banks: tenBanks }, embedder),
    await open({ name: "1x100k", banks: [{ id: "bank-0", memories: 100_000 }] }, embedder),
    await open({ name: `${banks}x${each}`, banks: many }, embedder),
  ];
  const mem0 = withMem0 ? await mem0Arm(embedder, quick ? 2_000 : 10_000, quick ? 8 : 40) : [];
  const arms: Arm[] = [
    { name: "recall_10k", rounds, ask: (question) => ten.memory.recall(question, { bankId: "bank-3" }) },
    { name: "recall_100k", rounds, ask: (question) => hundred.memory.recall(question, { bankId: "bank-0" }) },
    {
      name: "recall_many_banks",
      rounds,
      ask: (question, round) => million.memory.recall(question, { bankId: `bank-${(round * 7919) % banks}` }),
    },
    ...mem0,
  ];
  const figures = await takeTurns(arms, questionTexts(rounds + 20));
  Object.assign(figures, await concurrent(ten.memory, quick ? 600 : 4_000));
  figures["open_many_banks_ms"] = million.openMs;
  addRatios(figures, quick);
  for (const { memory } of [ten, hundred, million]) await memory.close();
  return figures;
}

async function open(layout: Layout, embedder: LLMProvider) {
  const path = await memoryFile(layout, embedder);
  const start = performance.now();
  const memory = await Astrocyte.open({ path, embedder });
  return { memory, openMs: fixed(performance.now() - start) };
}

async function mem0Arm(embedder: LLMProvider, memories: number, rounds: number): Promise<Arm[]> {
  try {
    const ask = await openMem0(embedder, memories);
    return [{ name: `mem0_${memories / 1000}k`, rounds, ask }];
  } catch (error) {
    console.log(`mem0 ${MEM0_VERSION}: left out, ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

/** One call of each arm a round, the order turned round every second time. */
async function takeTurns(arms: Arm[], questions: string[]): Promise<Figures> {
  const times = new Map<string, number[]>(arms.map(({ name }) => [name, []]));
  const warm = 20;
  const rounds = Math.max(...arms.map((arm) => arm.rounds));
  for (let round = -warm; round < rounds; round++) {
    const order = round % 2 === 0 ? arms : [...arms].reverse();
    for (const { name, ask, rounds: own } of order) {
      if (round >= own || (round < -2 && own < warm * 3)) continue;
      const start = performance.now();
      await ask(questions[round + warm]!, round + warm);
      if (round >= 0) times.get(name)!.push(performance.now() - start);
    }
  }
  const figures: Figures = {};
  for (const [name, values] of times) {
    figures[`${name}_p50_ms`] = fixed(median(values));
    figures[`${name}_p99_ms`] = fixed(quantile(values, 0.99));
    console.log(
      `${name.padEnd(20)} p50 ${fixed(median(values))} ms   p99 ${fixed(quantile(values, 0.99))} ms   n ${values.length}`,
    );
  }
  return figures;
}

/** Sixteen callers at once, each with its own person, as calls are; the persons share ten banks of one file. */
async function concurrent(memory: Astrocyte, calls: number): Promise<Figures> {
  const questions = questionTexts(calls + WARM_CALLS, 5);
  const times: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const ask = async (index: number, caller: number) => {
    const start = performance.now();
    await memory.recall(questions[index]!, { bankId: `bank-${caller % 10}` });
    times.push(performance.now() - start);
  };
  const callers = async (from: number, to: number) => {
    let next = from;
    const caller = async (_: unknown, own: number) => {
      while (next < to) await ask(next++, own);
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  };
  // Both readers have met every bank before anything is counted: a bank's first recall reads it once.
  await callers(0, WARM_CALLS);
  times.length = 0;
  delay.enable();
  const start = performance.now();
  await callers(WARM_CALLS, calls + WARM_CALLS);
  const seconds = (performance.now() - start) / 1000;
  delay.disable();
  const figures = {
    callers_16_per_second: fixed(calls / seconds),
    callers_16_p50_ms: fixed(median(times)),
    callers_16_p99_ms: fixed(quantile(times, 0.99)),
    // The histogram counts its own interval of 1 ms.
    event_loop_delay_p99_ms: fixed(Math.max(0, delay.percentile(99) / 1e6 - 1)),
  };
  console.log(`${CALLERS} callers`.padEnd(20), JSON.stringify(figures));
  return figures;
}

function addRatios(figures: Figures, quick: boolean): void {
  const limit = readLimitMs(10_000 * USAGE_VECTOR_BYTES);
  figures["scan_limit_10k_ms"] = fixed(limit, 4);
  figures["recall_10k_to_scan_limit_ratio"] = fixed(figures["recall_10k_p50_ms"]! / limit, 1);
  figures["many_banks_to_10k_ratio"] = fixed(
    figures["recall_many_banks_p50_ms"]! / figures["recall_10k_p50_ms"]!,
  );
  const mem0 = figures[`mem0_${quick ? 2 : 10}k_p50_ms`];
  if (mem0 !== undefined)
    figures[`mem0_${quick ? 2 : 10}k_to_recall_10k_ratio`] = fixed(mem0 / figures["recall_10k_p50_ms"]!, 1);
  console.log(
    `reading 10,000 int8 vectors once takes ${figures["scan_limit_10k_ms"]} ms; many banks to 10k ${figures["many_banks_to_10k_ratio"]}; open ${figures["open_many_banks_ms"]} ms`,
  );
}

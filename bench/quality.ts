import { parseArgs } from "node:util";
import { readLocomo } from "./quality/locomo.ts";
import { readLongMemEval } from "./quality/longmemeval.ts";
import { readOwn } from "./quality/own.ts";
import { type Figures, reportLocomo, reportLongMemEval, reportOwn } from "./quality/report.ts";
import { ask, askAll, store, withMemory } from "./quality/run.ts";

/**
 * `bench quality`: whether recall finds what answers a question, through the public API with what ships.
 *
 *   (no file)            the set in `bench/data/quality.json`
 *   --locomo FILE        LoCoMo's JSON
 *   --longmemeval FILE   LongMemEval's JSON (S or M)
 *   --quick              at most 100 questions
 *
 * A turn counts when its own id is among the hits; sessions count in the order in which hits first meet them.
 * Figures are percentages.
 */
export async function run(args: string[]): Promise<Record<string, number>> {
  const { values } = parseArgs({
    args,
    options: {
      locomo: { type: "string" },
      longmemeval: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const limit = values.quick ? 100 : Number.POSITIVE_INFINITY;
  const figures = await measure(values, limit);
  for (const line of figures.lines) console.log(line);
  return figures.flat;
}

type Files = { locomo?: string | undefined; longmemeval?: string | undefined };

async function measure({ locomo, longmemeval }: Files, limit: number): Promise<Figures> {
  if (longmemeval !== undefined) return reportLongMemEval(await askHaystacks(longmemeval, limit));
  const dataset = locomo === undefined ? await readOwn() : await readLocomo(locomo);
  const cases = evenly(dataset.cases, limit);
  const banks = dataset.banks.filter(({ id }) => cases.some((one) => one.banks.includes(id)));
  const answers = await askAll({ banks, cases });
  return locomo === undefined ? reportOwn(answers) : reportLocomo(answers);
}

/** A bank is stored, asked and dropped before the next. */
async function askHaystacks(file: string, limit: number) {
  const haystacks = evenly(await readLongMemEval(file), limit === Number.POSITIVE_INFINITY ? limit : 10);
  return withMemory(async (bench) => {
    const answers = [];
    for (const { bank, asked } of haystacks) {
      await store(bench, [bank]);
      answers.push(await ask(bench, asked));
      await bench.memory.dropBank(bank.id);
    }
    return answers;
  });
}

function evenly<T>(all: T[], limit: number): T[] {
  const step = Math.max(1, all.length / limit);
  return all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { machine } from "./report/machine.ts";

/**
 * `npm run bench <name> -- [options]`: each `bench/<name>.ts` exports `run`, which prints for people and
 * returns its figures. `--json` prints them as one object on the last line; the last ones of each bench are
 * kept in `bench/results/` for `npm run bench report`.
 */
type Bench = { run(args: string[]): Promise<Record<string, number> | undefined> };

const RESULTS = join(import.meta.dirname, "results");

async function names(): Promise<string[]> {
  const files = await readdir(import.meta.dirname);
  return files.filter((file) => file.endsWith(".ts") && file !== "main.ts").map((file) => file.slice(0, -3));
}

async function keep(name: string, args: string[], figures: Record<string, number>): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const result = { bench: name, args, at: new Date().toISOString(), machine: machine(), figures };
  await writeFile(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

const [name, ...args] = process.argv.slice(2);
const known = await names();
if (name !== undefined && known.includes(name)) {
  const bench = (await import(`./${name}.ts`)) as Bench;
  const figures = await bench.run(args.filter((arg) => arg !== "--json"));
  if (figures) {
    await keep(name, args, figures);
    if (args.includes("--json")) console.log(JSON.stringify(figures));
  }
} else {
  console.log(`Benches: ${known.sort().join(", ")}. Run one with npm run bench <name> -- [--quick] [--json]`);
  process.exitCode = name === undefined ? 0 : 1;
}

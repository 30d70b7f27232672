import { readdir } from "node:fs/promises";

/** `npm run bench <name> -- [options]`: each `bench/<name>.ts` exports `run`. */
type Bench = { run(args: string[]): Promise<void> };

async function names(): Promise<string[]> {
  const files = await readdir(import.meta.dirname);
  return files.filter((file) => file.endsWith(".ts") && file !== "main.ts").map((file) => file.slice(0, -3));
}

const [name, ...args] = process.argv.slice(2);
const known = await names();
if (name !== undefined && known.includes(name)) {
  const bench = (await import(`./${name}.ts`)) as Bench;
  await bench.run(args);
} else {
  console.log(`Benches: ${known.sort().join(", ")}. Run one with npm run bench <name> -- [--quick] [--json]`);
  process.exitCode = name === undefined ? 0 : 1;
}

import { writeSync } from "node:fs";
import { open } from "../index.ts";
import { batchOf, rowOf } from "./rows.ts";

/** Writes until it is killed; prints the ids of a batch once the store has acknowledged it. */
const [path, name] = process.argv.slice(2) as [string, string];
const store = await open(path, { readers: 1 });

async function writeOn(writer: number): Promise<void> {
  for (let i = 0; ; i++) {
    const ids = [0, 1, 2].map((part) => `${name}-${writer}-${i}-${part}`);
    await store.memories.write(batchOf(ids.map((id) => rowOf(id, `text of ${id} `.repeat(1 + (i % 40))))));
    writeSync(1, `${ids.join(" ")}\n`);
  }
}

await Promise.all([0, 1, 2, 3].map(writeOn));

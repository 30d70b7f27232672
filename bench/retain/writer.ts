/** A process that retains and says so, one id a line, until it is killed. `node writer.ts FILE` */
import { Astrocyte } from "../../src/memory/brain.ts";
import { memoryTexts } from "../recall/corpus.ts";

const memory = await Astrocyte.open(process.argv[2]!);
const texts = memoryTexts(100_000, Date.now() % 100_000);
const caller = async (first: number) => {
  for (let i = first; i < texts.length; i += 4) {
    const { memoryId } = await memory.retain(`${i} ${texts[i]}`, { bankId: "bench" });
    process.stdout.write(`${memoryId}\n`);
  }
};
await Promise.all([0, 1, 2, 3].map(caller));

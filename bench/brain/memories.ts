import { systemClock } from "../../src/core/clock.ts";
import { Astrocyte } from "../../src/memory/brain.ts";
import { createProviders } from "../../src/memory/llm/create.ts";
import { memoryFile } from "../recall/files.ts";

/** A person's bank of so many memories in the default engine: one file, local embedder, worker threads. */

export const BANK = "bank-0";

export async function openMemories(count: number): Promise<Astrocyte> {
  const { embedder } = createProviders({}, systemClock);
  const path = await memoryFile({ name: `1x${count}`, banks: [{ id: BANK, memories: count }] }, embedder);
  return Astrocyte.open({ path, embedder });
}

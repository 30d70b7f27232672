import type { BrainMemory } from "../../src/brain/index.ts";

export async function openMemories(_folder: string): Promise<BrainMemory | undefined> {
  return undefined;
}

export function questions(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `What is the number of the house ${index}?`);
}

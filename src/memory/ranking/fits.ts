import { analyse } from "../../core/text.ts";
import type { MemoryHit } from "../types.ts";
import type { Found } from "./fuse.ts";

export function anythingFits(question: string, pool: MemoryHit[], found: Found[]): boolean {
  return pool.length > 0 && signals(question, pool, found).cosine > -1;
}

export function signals(question: string, pool: MemoryHit[], found: Found[]) {
  const terms = [...new Set(analyse(question))];
  const cosine = Math.max(-1, ...found.map(({ dense }) => Math.max(-1, ...(dense?.scores ?? []))));
  return { cosine, terms, pool };
}

import type { MemoryRow } from "./store.ts";
import { isNamed } from "./updates/subject.ts";

/** What a memory's vector is made of: its text, with who said it or under which headings it stands. */
export function embeddingText({
  text,
  speaker,
  metadata,
}: Pick<MemoryRow, "text" | "speaker" | "metadata">): string {
  const heading = metadata["heading"];
  const titled = typeof heading === "string" ? `${heading}\n${text}` : text;
  return speaker !== null && isNamed(speaker) ? `${speaker}: ${titled}` : titled;
}

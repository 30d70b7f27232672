import { type Question, type Ranked, rankBanks } from "./ranked.ts";
import type { MemoryReads } from "./store.ts";

/** What `rankBanks` is asked from another thread: the vectors are there, or did not come in time. */
export type RankTask = {
  question: Question;
  vectors?: { question: Float32Array; externals: Float32Array[] };
};

/** Nobody interrupts what runs beside the data: whoever waits for it has the deadline. */
const never = { signal: new AbortController().signal, done() {} };

export default function run(store: MemoryReads, { question, vectors }: RankTask): Promise<Ranked> {
  const ready = vectors && {
    question: Promise.resolve(vectors.question),
    externals: Promise.resolve(vectors.externals),
  };
  return rankBanks(store, question, ready, { search: never, total: never });
}

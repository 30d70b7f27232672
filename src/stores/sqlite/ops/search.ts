import { analyse } from "../../../core/text.ts";
import type { Candidates, SearchFilter } from "../../../memory/store.ts";
import type { ReadContext } from "../contexts.ts";
import type { BankIndex } from "../search/bank-index.ts";
import { scoreLexical } from "../search/bm25.ts";
import { correct, scoreDense } from "../search/cosine.ts";
import { knownMask, type Mask, wantedMask } from "../search/masks.ts";
import type { Scratch } from "../search/scratch.ts";
import { topDocuments } from "../search/top.ts";
import { halfFloats, lengthOf } from "./vectors.ts";

type Question<T> = T & { bankId: string; filter: SearchFilter; limit: number };

/** So many of the int8 scan's best are measured again with the stored vectors: its error, 0.002 at most, is nothing to the rest. */
const RESCORED = 20;

export const searchReads = {
  "search.lexical"(
    context: ReadContext,
    { bankId, text, filter, limit }: Question<{ text: string }>,
  ): Candidates {
    return search(context, bankId, filter, (index, known, wanted) => {
      const { scratch } = context.indexes;
      const postings = index.postings(context);
      const terms = [...new Set(analyse(text))].flatMap((term) => postings.find(term) ?? []);
      scoreLexical(index.columns, postings, terms, known, scratch);
      const { length } = index.columns;
      const best = topDocuments(scratch.scores, length, limit, wanted, 0);
      const bestContexts = topDocuments(scratch.contexts, length, limit, wanted, 0);
      const matched = count(scratch.contexts, length, wanted, 0);
      return candidates(index, scratch, union(best, bestContexts), matched);
    });
  },

  "search.dense"(
    context: ReadContext,
    { bankId, vector, filter, limit }: Question<{ vector: Float32Array }>,
  ): Candidates {
    const unit = toUnit(vector);
    if (!unit) return nothing();
    return search(context, bankId, filter, (index, known, wanted) => {
      const { scratch } = context.indexes;
      const { columns } = index;
      const { length } = columns;
      scoreDense(columns, index.matrix(context, unit.length), unit, known, scratch);
      const { scores, contexts } = scratch;
      const best = topDocuments(scores, length, Math.max(RESCORED, limit), wanted, -Infinity);
      const bestContexts = topDocuments(contexts, length, limit, wanted, -Infinity);
      const matched = count(scores, length, wanted, -Infinity);
      rescore(context, index, best.slice(0, RESCORED), unit, known);
      best.sort((a, b) => scores[b]! - scores[a]! || b - a).splice(limit);
      return candidates(index, scratch, union(best, bestContexts), matched);
    });
  },

  "search.recent"(context: ReadContext, { bankId, filter, limit }: Question<object>): Candidates {
    return search(context, bankId, filter, ({ columns }, _known, wanted) => {
      const { occurredAt, length } = columns;
      const newest = topDocuments(occurredAt, length, limit, wanted, -Infinity);
      const times = newest.map((document) => occurredAt[document]!);
      const ids = newest.map((document) => columns.ids[document]!);
      return { ids, scores: times, contexts: times, matched: count(occurredAt, length, wanted, -Infinity) };
    });
  },

  /** Reads the bank's whole index into this thread. */
  "search.learn"(context: ReadContext, bankId: string): void {
    const { indexes } = context;
    const index = indexes.open(context, bankId);
    if (!index) return;
    index.readWhole(context);
    indexes.trim(index);
  },

  /** Leaves nothing of purged memories in this thread's memory. */
  "search.refresh": (context: ReadContext, bankId: string): void => context.indexes.refresh(context, bankId),
};

function search(
  context: ReadContext,
  bankId: string,
  filter: SearchFilter,
  run: (index: BankIndex, known: Mask, wanted: Mask) => Candidates,
): Candidates {
  const { indexes } = context;
  try {
    const index = indexes.open(context, bankId);
    if (!index) return nothing();
    const known = knownMask(index.columns, filter);
    const found = run(index, known, wantedMask(index.columns, filter, known));
    indexes.trim(index);
    return found;
  } catch (error) {
    indexes.discard(bankId);
    throw error;
  }
}

function nothing(): Candidates {
  return { ids: [], scores: [], contexts: [], matched: 0 };
}

function candidates(
  { columns }: BankIndex,
  scratch: Scratch,
  documents: number[],
  matched: number,
): Candidates {
  return {
    ids: documents.map((document) => columns.ids[document]!),
    scores: documents.map((document) => scratch.scores[document]!),
    contexts: documents.map((document) => scratch.contexts[document]!),
    matched,
  };
}

function union(first: number[], second: number[]): number[] {
  return [...new Set([...first, ...second])];
}

function count(scores: Float32Array | Float64Array, length: number, wanted: Mask, floor: number): number {
  if (!wanted && floor === -Infinity && scores instanceof Float64Array) return length;
  let total = 0;
  for (let i = 0; i < length; i++) if (scores[i]! > floor && (!wanted || wanted[i] === 1)) total++;
  return total;
}

/** Undefined for a vector that points nowhere. */
function toUnit(vector: Float32Array): Float32Array | undefined {
  const length = lengthOf(vector);
  return length > 0 ? vector.map((value) => value / length) : undefined;
}

/** Exact cosines, from the stored vectors, for the documents that may be answered with. */
function rescore(
  context: ReadContext,
  index: BankIndex,
  documents: number[],
  unit: Float32Array,
  known: Mask,
): void {
  const byKey = new Map(documents.map((document) => [index.keyOf(document), document]));
  const rows = context
    .sql("SELECT key, data FROM vectors WHERE key IN (SELECT value FROM json_each(?))")
    .all(JSON.stringify([...byKey.keys()]));
  for (const row of rows) {
    const vector = halfFloats(row["data"] as Uint8Array);
    let dot = 0;
    for (let i = 0; i < unit.length; i++) dot += unit[i]! * vector[i]!;
    correct(index.columns, byKey.get(row["key"] as number)!, dot, known, context.indexes.scratch);
  }
}

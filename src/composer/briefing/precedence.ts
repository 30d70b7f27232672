import type { MemoryHit } from "../../memory/types.ts";
import type { Overridden, Sensitivity, SourceField, SourceRecord } from "../types.ts";
import { check, isChecked, mentions } from "./attributes.ts";

/** A field that counts, and the source that it comes from. */
export type Fact = SourceField & { source: string };

/** What memory answered in prose: from which memories, and when (milliseconds) the newest of them was said. */
export type Reflection = { text: string; citations: string[]; saidAt: number };

/** Records and memories to be held against each other at `now`, in milliseconds. */
export type PrecedenceInput = {
  records: SourceRecord[];
  hits: MemoryHit[];
  reflection?: Reflection;
  /** What the person is called in notes. */
  names: string[];
  now: number;
  /** Pairs that a judge found to contradict each other; see `doubtful`. */
  judged?: Doubt[];
};

export type Ranked = {
  facts: Fact[];
  hits: MemoryHit[];
  reflection?: Reflection;
  overridden: Overridden[];
};

/** A memory that touches a field without stating its value in a form that the rules know. */
export type Doubt = { memoryId: string; source: string; field: string };

/**
 * The system of record wins: among sources the one with more authority, then the fresher one; then every
 * memory that contradicts a declared attribute goes, and so does a reflection that does or that cites one.
 */
export function applyPrecedence(input: PrecedenceInput): Ranked {
  const { facts, overridden } = winners(input.records);
  const kept = input.hits.filter((hit) => {
    const fact = contradicted(hit, facts, input);
    if (fact) overridden.push({ memoryId: hit.memoryId, ...lostTo(hit.text, fact) });
    return !fact;
  });
  const { reflection } = input;
  if (!reflection) return { facts, hits: kept, overridden };
  const fact = reflectionLost(reflection, facts, overridden, input);
  if (!fact) return { facts, hits: kept, reflection, overridden };
  overridden.push(lostTo(reflection.text, fact));
  return { facts, hits: kept, overridden };
}

/** What an LLM may be asked about: memories that mention a field while the rules see no statement. */
export function doubtful({
  records,
  hits,
  names,
  now,
}: PrecedenceInput): Array<Doubt & { hit: MemoryHit; fact: Fact }> {
  const checked = winners(records).facts.filter(isChecked);
  return hits.flatMap((hit) => {
    const memory = { ...hit, names };
    return checked
      .filter((fact) => mentions(hit.text, fact) && check(memory, fact, now) === "unrelated")
      .map((fact) => ({ memoryId: hit.memoryId, source: fact.source, field: fact.name, hit, fact }));
  });
}

/** The fact that a memory contradicts, if any. */
export function contradicted(
  hit: MemoryHit,
  facts: Fact[],
  { names, now, judged = [] }: Pick<PrecedenceInput, "names" | "now" | "judged">,
): Fact | undefined {
  // What came in with the call may itself be a record; only memory is held against one.
  if (hit.origin === "external") return undefined;
  return facts.find((fact) => {
    const found = judged.some(
      ({ memoryId, source, field }) =>
        memoryId === hit.memoryId && source === fact.source && field === fact.name,
    );
    return found || (isChecked(fact) && check({ ...hit, names }, fact, now) === "contradicts");
  });
}

function reflectionLost(
  reflection: Reflection,
  facts: Fact[],
  overridden: Overridden[],
  { names, now }: PrecedenceInput,
): Fact | undefined {
  const cited = overridden.find(({ memoryId }) => memoryId && reflection.citations.includes(memoryId));
  if (cited) return facts.find(({ source, name }) => source === cited.by.source && name === cited.by.field);
  const memory = { text: reflection.text, occurredAt: reflection.saidAt, names };
  return facts.find((fact) => isChecked(fact) && check(memory, fact, now) === "contradicts");
}

function lostTo(text: string, fact: Fact): Omit<Overridden, "memoryId" | "field"> {
  const reason = `It contradicts "${fact.label}" of ${fact.source}, which is the record.`;
  return { text, by: { source: fact.source, field: fact.name }, reason, sensitivity: fact.sensitivity };
}

function winners(records: SourceRecord[]): { facts: Fact[]; overridden: Overridden[] } {
  const facts = new Map<string, Fact>();
  const overridden: Overridden[] = [];
  const ranked = [...records].sort((a, b) => b.authority - a.authority);
  for (const { source, authority, fields } of ranked) {
    for (const field of fields) {
      const fact = { ...field, source };
      const rival = facts.get(field.name);
      const peers = rival && ranked.find((record) => record.source === rival.source)!.authority === authority;
      const wins = !rival || (peers && field.asOf > rival.asOf);
      if (wins) facts.set(field.name, fact);
      if (rival && rival.value !== field.value)
        overridden.push(wins ? beaten(rival, fact) : beaten(fact, rival));
    }
  }
  return { facts: [...facts.values()], overridden };
}

function beaten(loser: Fact, winner: Fact): Overridden {
  return {
    field: { source: loser.source, field: loser.name },
    text: `${loser.label}: ${loser.value}`,
    by: { source: winner.source, field: winner.name },
    reason: `${winner.source} has more authority on "${winner.label}", or is fresher.`,
    sensitivity: stricter(loser.sensitivity, winner.sensitivity),
  };
}

const STRICTNESS: Sensitivity[] = ["open", "never_spoken", "private"];

function stricter(a: Sensitivity, b: Sensitivity): Sensitivity {
  return STRICTNESS.indexOf(a) > STRICTNESS.indexOf(b) ? a : b;
}

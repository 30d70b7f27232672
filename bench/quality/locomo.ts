import { readFile } from "node:fs/promises";
import { parse } from "chrono-node/en";
import type { Bank, Case, Dataset } from "./dataset.ts";

type Turn = { speaker: string; dia_id: string; text: string; blip_caption?: string };
type Sample = {
  sample_id: string;
  qa: Array<{ question: string; category: number; evidence?: string[] }>;
  conversation: Record<string, string | Turn[]>;
};

/** LoCoMo's JSON (`locomo10.json`, or a file with one sample). Each conversation is a bank. */
export async function readLocomo(file: string): Promise<Dataset> {
  const samples = JSON.parse(await readFile(file, "utf8")) as Sample[];
  const parts = samples.map((sample) => {
    const bank = toBank(sample);
    const known = new Set(bank.sessions.flatMap(({ turns }) => turns.map(({ id }) => id)));
    return { bank, cases: sample.qa.flatMap((qa) => toCase(bank.id, qa, known)) };
  });
  return { banks: parts.map(({ bank }) => bank), cases: parts.flatMap(({ cases }) => cases) };
}

function toBank({ sample_id, conversation }: Sample): Bank {
  const sessions: Bank["sessions"] = [];
  for (let number = 1; `session_${number}_date_time` in conversation; number++) {
    const said = conversation[`session_${number}`];
    if (!Array.isArray(said)) continue;
    const at = dateOf(conversation[`session_${number}_date_time`] as string);
    const turns = said.map(({ speaker, dia_id, text, blip_caption }) => ({
      id: dia_id,
      speaker,
      text: blip_caption ? `${text} [shares a photo: ${blip_caption}]` : text,
      occurredAt: at,
    }));
    sessions.push({ id: `${number}`, at, turns });
  }
  return { id: sample_id, sessions, facts: [] };
}

/** "1:56 pm on 8 May, 2023" */
function dateOf(text: string): number {
  const found = parse(text, { instant: new Date(0), timezone: 0 })[0];
  if (!found) throw new Error(`not a date: ${text}`);
  return found.start.date().getTime();
}

/** Questions without evidence that exists are left out. */
function toCase(bank: string, qa: Sample["qa"][number], known: Set<string>): Case[] {
  const evidence = evidenceIds(qa.evidence ?? []).filter((id) => known.has(id));
  if (evidence.length === 0) return [];
  const sessions = [...new Set(evidence.map((id) => id.slice(1, id.indexOf(":"))))];
  const { question, category } = qa;
  return [{ banks: [bank], question, kind: `category_${category}`, evidence, sessions, outdated: [] }];
}

/** Some are malformed: "D8:6; D9:17", "D:11:26", "D30:05". */
function evidenceIds(evidence: string[]): string[] {
  const ids = evidence.flatMap((text) =>
    Array.from(text.matchAll(/D:?(\d+):(\d+)/g), (match) => `D${Number(match[1])}:${Number(match[2])}`),
  );
  return [...new Set(ids)];
}

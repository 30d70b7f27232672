import { readFile } from "node:fs/promises";
import type { Bank, Case, Dataset } from "./dataset.ts";

type File = {
  banks: Array<{
    id: string;
    sessions?: Array<{ id: string; at: string; turns: Array<{ id: string; speaker: string; text: string }> }>;
    facts?: Array<{ id: string; at: string; text: string }>;
    cases: FileCase[];
  }>;
  acrossBanks: Array<FileCase & { banks: string[] }>;
};

type FileCase = { kind: string; question: string; evidence: string[]; outdated?: string[]; now?: string };

const OWN_SET = new URL("../data/quality.json", import.meta.url);

/** The set that ships: conversations and lists of facts written for it, and questions of seven kinds. */
export async function readOwn(): Promise<Dataset> {
  const { banks, acrossBanks } = JSON.parse(await readFile(OWN_SET, "utf8")) as File;
  return {
    banks: banks.map(toBank),
    cases: [
      ...banks.flatMap(({ id, cases }) => cases.map((one) => toCase(one, [id]))),
      ...acrossBanks.map((one) => toCase(one, one.banks)),
    ],
  };
}

function toBank({ id, sessions = [], facts = [] }: File["banks"][number]): Bank {
  return {
    id,
    sessions: sessions.map((session) => ({ ...session, at: Date.parse(session.at) })),
    facts: facts.map((fact) => ({ ...fact, at: Date.parse(fact.at) })),
  };
}

function toCase({ kind, question, evidence, outdated = [], now }: FileCase, banks: string[]): Case {
  return {
    banks,
    question,
    kind,
    evidence,
    sessions: [...new Set(evidence.map((id) => id.replace(/\.\d+$/, "")))],
    outdated,
    ...(now !== undefined && { now: Date.parse(now) }),
  };
}

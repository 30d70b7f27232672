import { readFile } from "node:fs/promises";
import { parse } from "chrono-node/en";
import type { Bank, Case } from "./dataset.ts";

type Question = {
  question_id: string;
  question_type: string;
  question: string;
  question_date?: string;
  haystack_sessions: Array<Array<{ role: string; content: string; has_answer?: boolean }>>;
  haystack_dates: string[];
  haystack_session_ids: string[];
  answer_session_ids: string[];
};

export type Haystack = { bank: Bank; asked: Case };

/** LongMemEval's JSON: one bank a question. Questions without an answer (`_abs`) are left out. */
export async function readLongMemEval(file: string): Promise<Haystack[]> {
  const questions = JSON.parse(await readFile(file, "utf8")) as Question[];
  return questions.filter(({ question_id }) => !question_id.includes("_abs")).map(toHaystack);
}

function toHaystack(question: Question): Haystack {
  const bankId = `lme-${question.question_id}`;
  const seen = new Set<string>();
  const sessions = question.haystack_sessions.flatMap((turns, index) => {
    const id = question.haystack_session_ids[index]!;
    if (seen.has(id)) return [];
    seen.add(id);
    const at = dateOf(question.haystack_dates[index]!);
    const said = turns
      .map(({ role, content }, turn) => ({
        id: `${id}#${turn}`,
        speaker: role,
        text: content,
        occurredAt: at,
      }))
      .filter(({ text }) => text.trim() !== "");
    return [{ id, at, turns: said }];
  });
  const evidence = question.haystack_sessions.flatMap((turns, index) =>
    turns.flatMap(({ has_answer }, turn) =>
      has_answer ? [`${question.haystack_session_ids[index]}#${turn}`] : [],
    ),
  );
  return {
    bank: { id: bankId, sessions, facts: [] },
    asked: {
      banks: [bankId],
      question: question.question,
      kind: question.question_type,
      evidence,
      sessions: question.answer_session_ids,
      outdated: [],
      ...(question.question_date !== undefined && { now: dateOf(question.question_date) }),
    },
  };
}

/** "2023/05/20 (Sat) 02:21" */
function dateOf(text: string): number {
  const found = parse(text.replace(/\s*\(\w+\)/, ""), { instant: new Date(0), timezone: 0 })[0];
  if (!found) throw new Error(`not a date: ${text}`);
  return found.start.date().getTime();
}

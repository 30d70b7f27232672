import { addScore, emptyScore, fraction, ndcg, percent, type Score, sessionsOf } from "./metrics.ts";
import type { Asked } from "./run.ts";

export type Figures = { lines: string[]; flat: Record<string, number> };

export function reportLocomo(answers: Asked[]): Figures {
  const scores = new Map<string, Score>();
  for (const { asked, result } of answers) {
    for (const name of ["all", asked.kind]) {
      const score = scores.get(name) ?? emptyScore();
      scores.set(name, score);
      addScore(score, asked, result.hits);
    }
  }
  const flat: Record<string, number> = {};
  const rows = [...scores].sort(([a], [b]) => a.localeCompare(b));
  const lines = rows.map(([name, score]) => {
    const { questions, sessionAny10, sessionFraction10, turnFraction10, turnFraction50 } = score;
    const cells = { sessionAny10, sessionFraction10, turnFraction10, turnFraction50 };
    flat[`${name}_questions`] = questions;
    for (const [key, sum] of Object.entries(cells))
      flat[`${name}_${snake(key)}_percent`] = percent(sum, questions);
    const shown = Object.values(cells).map((sum) => percent(sum, questions).toFixed(1).padStart(7));
    return `${name.padEnd(12)}${String(questions).padStart(6)}${shown.join("")}`;
  });
  const head = `${"".padEnd(12)}     n  sess.any@10  fraction@10  turn@10  turn@50`;
  return { lines: [head, ...lines, refusals(answers, flat)], flat };
}

export function reportLongMemEval(answers: Asked[]): Figures {
  const flat: Record<string, number> = { questions: answers.length };
  const add = (name: string, value: (found: string[], wanted: string[]) => number) => {
    const sum = answers.reduce(
      (total, { asked, result }) => total + value(sessionsOf(result.hits, 10), asked.sessions),
      0,
    );
    flat[`${name}_percent`] = percent(sum, answers.length);
  };
  for (const k of [5, 10]) {
    add(`recall_any_${k}`, (found, wanted) => Number(fraction(wanted, found.slice(0, k)) > 0));
    add(`recall_all_${k}`, (found, wanted) => Number(fraction(wanted, found.slice(0, k)) === 1));
    add(`ndcg_${k}`, (found, wanted) => ndcg(wanted, found, k));
  }
  const lines = Object.entries(flat).map(([name, value]) => `${name.padEnd(24)}${value}`);
  return { lines: [...lines, refusals(answers, flat)], flat };
}

/** The set that ships: evidence found, by kind; the newer above the older; silence where nothing is known. */
export function reportOwn(answers: Asked[]): Figures {
  const flat: Record<string, number> = {};
  const answerable = answers.filter(({ asked }) => asked.evidence.length > 0);
  const lines = [`${"".padEnd(12)}     n  first  found@5  found@10`];
  for (const kind of ["all", ...new Set(answerable.map(({ asked }) => asked.kind))]) {
    const some = answerable.filter(({ asked }) => kind === "all" || asked.kind === kind);
    const mean = (k: number) =>
      some.reduce((sum, { asked, ids }) => sum + fraction(asked.evidence, ids.slice(0, k)), 0);
    const first = some.filter(({ asked, ids }) => asked.evidence.includes(ids[0] ?? "")).length;
    const cells = { first, found_5: mean(5), found_10: mean(10) };
    flat[`${kind}_questions`] = some.length;
    for (const [key, sum] of Object.entries(cells))
      flat[`${kind}_${key}_percent`] = percent(sum, some.length);
    const shown = Object.values(cells).map((sum) => percent(sum, some.length).toFixed(1).padStart(8));
    lines.push(`${kind.padEnd(12)}${String(some.length).padStart(6)}${shown.join("")}`);
  }
  const updates = answers.filter(({ asked }) => asked.outdated.length > 0);
  flat["update_newer_first_percent"] = percent(updates.filter(newerFirst).length, updates.length);
  const unknown = answers.filter(({ asked }) => asked.evidence.length === 0);
  const silent = unknown.filter(({ result }) => result.nothingFits).length;
  flat["unknown_questions"] = unknown.length;
  flat["unknown_silent_percent"] = percent(silent, unknown.length);
  lines.push(`newer above older in ${flat["update_newer_first_percent"]} % of ${updates.length} updates`);
  lines.push(
    `silent on ${flat["unknown_silent_percent"]} % of ${unknown.length} questions that nothing answers`,
  );
  return { lines: [...lines, refusals(answerable, flat)], flat };
}

function newerFirst({ asked, ids }: Asked): boolean {
  const rank = (id: string) => (ids.includes(id) ? ids.indexOf(id) : Number.POSITIVE_INFINITY);
  return Math.min(...asked.evidence.map(rank)) < Math.min(...asked.outdated.map(rank));
}

/** How often it wrongly said that nothing fits, and how long it took. */
function refusals(answers: Asked[], flat: Record<string, number>): string {
  const refused = answers.filter(({ result }) => result.nothingFits).length;
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  flat["wrongly_silent_questions"] = refused;
  flat["recall_p50_ms"] = Math.round((times[Math.floor(times.length / 2)] ?? 0) * 10) / 10;
  return `wrongly silent on ${refused}; recall p50 ${flat["recall_p50_ms"]} ms with 200 hits`;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/(\d+)/, "_$1");
}

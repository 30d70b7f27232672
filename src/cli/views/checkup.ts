import type { Check } from "../commands/doctor.ts";
import { count, type Ui } from "../output/ui.ts";
import { printable, widthOf, wrap } from "../output/width.ts";
import type { Answer } from "../run.ts";

const LABEL = { ok: "ok", warning: "look", failed: "fail" } as const;

export function checkup(checks: Check[]): Answer {
  const failed = checks.filter(({ state }) => state === "failed").length;
  return {
    data: { healthy: failed === 0, checks },
    text: (ui) => {
      const width = Math.max(...checks.map(({ name }) => widthOf(name)));
      const verdict = verdictOf(ui, checks);
      return [...checks.map((check) => line(ui, check, width)), "", verdict].join("\n");
    },
  };
}

function line(ui: Ui, { name, state, found, fix }: Check, width: number): string {
  const colour = { ok: ui.good, warning: ui.warn, failed: ui.bad }[state];
  const label = colour(LABEL[state].padEnd(4));
  const indent = " ".repeat(4 + 2 + width + 2);
  const text = wrap(
    printable(fix === undefined ? found : `${found} ${fix}`),
    Math.max(30, ui.width - indent.length),
  );
  return `${label}  ${name.padEnd(width)}  ${text.join(`\n${indent}`)}`;
}

function verdictOf(ui: Ui, checks: Check[]): string {
  const failed = checks.filter(({ state }) => state === "failed").length;
  if (failed > 0) return ui.bad(`${count(failed, "check")} failed.`);
  const looks = checks.some(({ state }) => state === "warning");
  return looks ? ui.warn("Nothing is broken, but look at the warnings.") : ui.good("All is well.");
}

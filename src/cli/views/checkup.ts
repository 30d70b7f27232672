import type { Check } from "../commands/doctor.ts";
import type { Ui } from "../output/ui.ts";
import { printable, widthOf, wrap } from "../output/width.ts";
import type { Answer } from "../run.ts";

const LABEL = { ok: "ok", warning: "look", failed: "fail" } as const;

export function checkup(checks: Check[]): Answer {
  const failed = checks.filter(({ state }) => state === "failed").length;
  return {
    data: { healthy: failed === 0, checks },
    text: (ui) => {
      const width = Math.max(...checks.map(({ name }) => widthOf(name)));
      const verdict =
        failed === 0 ? ui.good("All is well.") : ui.bad(`${failed} of ${checks.length} checks failed.`);
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

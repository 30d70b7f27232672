import { parseArgs } from "node:util";
import { labelledErrors } from "../src/composer/briefing/claims/labelled.fixture.ts";

/**
 * `bench precedence`: how often a memory is wrongly taken for a contradiction of a record, and how often a
 * contradiction is missed, on bench/data/precedence.json. The held-out half was not looked at while the rules
 * were written.
 *
 *   --quick   no difference: it takes a second
 */
export async function run(args: string[]): Promise<Record<string, number>> {
  parseArgs({
    args,
    options: { quick: { type: "boolean", default: false } },
  });
  const figures: Record<string, number> = {};
  for (const split of ["dev", "held-out"] as const) {
    const { cases, falseOverrides, missedOverrides, wrong } = labelledErrors(split);
    const key = split.replace("-", "_");
    figures[`${key}_cases`] = cases;
    figures[`${key}_false_percent`] = round(falseOverrides);
    figures[`${key}_missed_percent`] = round(missedOverrides);
    console.log(
      `${split}: ${cases} cases, false overrides ${round(falseOverrides)} %, missed ${round(missedOverrides)} %`,
    );
    // Only the dev half's mistakes are shown: the other half stays unseen.
    if (split === "dev") for (const { domain, text } of wrong) console.log(`  wrong in ${domain}: ${text}`);
  }
  return figures;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

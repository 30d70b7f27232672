import { readFileSync } from "node:fs";
import { parseConfig } from "../../parse.ts";
import { check } from "../attributes.ts";
import { fieldsConfig } from "../sources/index.ts";

type Case = {
  domain: string;
  text: string;
  conflict: boolean;
  split: "dev" | "held-out";
  speaker?: string;
};

type Labelled = {
  said_at: string;
  now: string;
  domains: Record<string, { label: string; value: string | number | boolean; attribute: unknown }>;
  cases: Case[];
};

export type Errors = {
  cases: number;
  /** Share of the memories to keep that were taken out, and of the contradictions that stayed, in percent. */
  falseOverrides: number;
  missedOverrides: number;
  wrong: Case[];
};

const FILE = new URL("../../../../bench/data/precedence.json", import.meta.url);

/** Runs the rules over one half of the labelled set. The rules were written with the dev half in sight only. */
export function labelledErrors(split: Case["split"]): Errors {
  const data = JSON.parse(readFileSync(FILE, "utf8")) as Labelled;
  const configs = Object.entries(data.domains).map(([name, { label, attribute }]) => [
    name,
    { label, attribute },
  ]);
  const fields = parseConfig(fieldsConfig, Object.fromEntries(configs), "labelled");
  const cases = data.cases.filter((item) => item.split === split);
  const wrong = cases.filter(
    (item) => overrides(item, data, fields[item.domain]!.attribute!) !== item.conflict,
  );
  const share = (conflict: boolean) =>
    (100 * wrong.filter((item) => item.conflict === conflict).length) /
    cases.filter((item) => item.conflict === conflict).length;
  return { cases: cases.length, falseOverrides: share(false), missedOverrides: share(true), wrong };
}

type Checked = Parameters<typeof check>[1];

function overrides(item: Case, data: Labelled, attribute: Checked["attribute"]): boolean {
  const { label, value } = data.domains[item.domain]!;
  const now = Date.parse(data.now);
  const field: Checked = {
    name: item.domain,
    label,
    value,
    asOf: now,
    ttlMs: 1,
    stale: false,
    sensitivity: "open",
    attribute,
  };
  const memory = {
    text: item.text,
    occurredAt: Date.parse(data.said_at),
    names: ["Anna"],
    ...(item.speaker !== undefined && { speaker: item.speaker }),
  };
  return check(memory, field, now) === "contradicts";
}

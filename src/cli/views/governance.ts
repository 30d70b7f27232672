import type { AuditVerdict } from "../../memory/policy/audit.ts";
import type { AuditRow } from "../../memory/store.ts";
import type { BankInfo, Grant, Hold } from "../../memory/types.ts";
import { EXIT } from "../output/exit.ts";
import { count, when } from "../output/ui.ts";
import type { Answer } from "../run.ts";

export function banks(all: BankInfo[]): Answer {
  return {
    data: { banks: all },
    text: (ui) =>
      all.length === 0
        ? "No banks yet: `astrocyte remember` makes one."
        : ui.table(
            [
              { title: "bank" },
              { title: "memories", align: "right" },
              { title: "owner" },
              { title: "created (UTC)" },
              { title: "vectors" },
            ],
            all.map(({ bankId, memories, owner, createdAt, embeddingModel }) => [
              bankId,
              memories.toLocaleString("en"),
              owner,
              when(createdAt),
              embeddingModel,
            ]),
          ),
  };
}

export function grants(bankId: string, all: Grant[]): Answer {
  return {
    data: { bankId, grants: all },
    text: (ui) =>
      all.length === 0
        ? `${bankId} has no grants: its owner alone may use it.`
        : ui.table(
            [{ title: "principal" }, { title: "permissions" }],
            all.map(({ principal, permissions }) => [principal, permissions.join(", ")]),
          ),
  };
}

export function holds(bankId: string, all: Hold[]): Answer {
  return {
    data: { bankId, holds: all },
    text: (ui) =>
      all.length === 0
        ? `No hold is set on ${bankId}.`
        : ui.table(
            [
              { title: "hold" },
              { title: "set by" },
              { title: "since (UTC)" },
              { title: "reason", grow: true },
            ],
            all.map(({ holdId, setBy, setAt, reason }) => [holdId, setBy, when(setAt), reason]),
          ),
  };
}

export function audit(entries: AuditRow[]): Answer {
  return {
    data: { entries },
    text: (ui) =>
      entries.length === 0
        ? "The audit has no entry there."
        : ui.table(
            [
              { title: "seq", align: "right" },
              { title: "when (UTC)" },
              { title: "principal" },
              { title: "operation" },
              { title: "bank" },
              { title: "outcome" },
              { title: "facts", grow: true },
            ],
            entries.map(({ seq, at, principal, operation, bankId, outcome, facts }) => [
              String(seq),
              when(at),
              principal,
              operation,
              bankId,
              outcome,
              Object.entries(facts)
                .map(([name, value]) => `${name}=${String(value)}`)
                .join(" "),
            ]),
          ),
  };
}

export function verified(verdict: AuditVerdict): Answer {
  const { ok, entries, brokenAt, head } = verdict;
  return {
    data: verdict,
    text: (ui) =>
      ok
        ? `${ui.good("The audit is whole")}: ${count(entries, "entry", "entries")}.\n${ui.dim(`head ${head}`)}`
        : ui.bad(
            `The audit is broken at entry ${brokenAt}: it was changed, or what stood before it was removed.`,
          ),
    exitCode: ok ? EXIT.ok : EXIT.failed,
  };
}

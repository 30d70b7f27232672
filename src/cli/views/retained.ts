import type { RetainResult } from "../../memory/types.ts";
import { EXIT } from "../output/exit.ts";
import { count, type Ui } from "../output/ui.ts";
import type { Answer } from "../run.ts";

export function retained(bankId: string, result: RetainResult): Answer {
  return {
    data: { bankId, ...result },
    text: (ui) => [headline(ui, bankId, result), ...details(ui, result)].join("\n"),
    exitCode: result.action === "refused" ? EXIT.refused : EXIT.ok,
  };
}

function headline(ui: Ui, bankId: string, { action, reason, chunks }: RetainResult): string {
  if (action === "refused") return ui.bad(`Not stored: ${reason ?? "refused"}.`);
  if (action === "merged") return `Known already in ${bankId}; seen again.`;
  const stored = chunks.filter((chunk) => chunk.action === "stored").length;
  return `${ui.good("Stored")} ${count(stored, "memory", "memories")} in ${bankId}.`;
}

function details(ui: Ui, { redactions, chunks }: RetainResult): string[] {
  const redacted = redactions.map(({ kind, count: n }) => `${kind}${n > 1 ? ` × ${n}` : ""}`).join(", ");
  const replaced = chunks.flatMap(({ supersedes }) => (supersedes === undefined ? [] : [supersedes]));
  const planted = chunks.filter(({ flags }) => flags.includes("injection")).length;
  return [
    ...(redacted ? [ui.warn(`Redacted: ${redacted}.`)] : []),
    ...replaced.map((id) => `Replaces ${id} as the current fact.`),
    ...(planted > 0
      ? [
          ui.warn(
            `${count(planted, "memory", "memories")} read like an instruction: kept as data, never followed.`,
          ),
        ]
      : []),
    ...chunks.slice(0, 10).map(({ memoryId }) => ui.dim(memoryId)),
    ...(chunks.length > 10 ? [ui.dim(`and ${chunks.length - 10} more`)] : []),
  ];
}

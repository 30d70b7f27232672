import type { ForgetResult } from "../../memory/types.ts";
import { EXIT } from "../output/exit.ts";
import { count } from "../output/ui.ts";
import type { Answer } from "../run.ts";

const SHOWN = 20;

export function forgotten(bankId: string, result: ForgetResult): Answer {
  const { deletedCount, dryRun, mode, memoryIds, notFound } = result;
  const what = count(deletedCount, "memory", "memories");
  return {
    data: { bankId, ...result },
    text: (ui) => {
      if (deletedCount === 0) return `No memory of ${bankId} is meant by that.`;
      const ids = memoryIds.slice(0, SHOWN).map((id) => ui.dim(id));
      const more = memoryIds.length > SHOWN ? [ui.dim(`and ${memoryIds.length - SHOWN} more`)] : [];
      const missing =
        notFound > 0 ? [ui.warn(`${count(notFound, "id is", "ids are")} not in this bank.`)] : [];
      return [headline(), ...ids, ...more, ...missing].join("\n");
    },
    exitCode: deletedCount === 0 ? EXIT.notFound : EXIT.ok,
  };

  function headline(): string {
    if (dryRun) return `Would forget ${what} of ${bankId}.`;
    return mode === "hard"
      ? `Forgot ${what} of ${bankId} for good.`
      : `Forgot ${what} of ${bankId}. \`astrocyte restore\` brings them back until they are purged.`;
  }
}

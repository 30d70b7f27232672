import type { Command } from "commander";
import { count } from "../output/ui.ts";
import { action } from "../run.ts";

/** Work that takes its time: `reindex`, `maintain`. */
export function registerReindex(program: Command): void {
  program
    .command("reindex")
    .description(
      "make a bank's vectors anew with the embedding model that is configured; goes on where it was stopped",
    )
    .argument("<bank>")
    .action(
      action(async (cli, _options, [bankId = ""]) => {
        const memory = await cli.memory();
        const bar = cli.progress(`reindex ${bankId}`);
        const onProgress = ({ done, total }: { done: number; total: number }) => bar.update(done, total);
        const result = await memory
          .reindex({ ...cli.context, bankId, onProgress, signal: cli.signal })
          .finally(() => bar.end());
        return {
          data: { bankId, ...result },
          text: (ui) =>
            `${ui.good("Reindexed")} ${count(result.reindexed, "memory", "memories")} of ${bankId}` +
            `${result.resumed ? ", going on where the last run stopped" : ""}: ${result.to}.`,
        };
      }),
    );
  program
    .command("maintain")
    .description("remove for good what has expired, and what was forgotten long enough ago")
    .action(
      action(async (cli) => {
        const memory = await cli.memory();
        const result = await memory.maintain();
        return {
          data: result,
          text: (ui) =>
            [
              `${count(result.banks, "bank")}: ${result.expired} expired, ${result.purged} forgotten memories removed.`,
              ...(result.held.length > 0
                ? [ui.warn(`Left alone under a legal hold: ${result.held.join(", ")}.`)]
                : []),
            ].join("\n"),
        };
      }),
    );
}

import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { AstrocyteError } from "../../core/errors.ts";
import type { ForgetOptions } from "../../memory/types.ts";
import { bankOption, given, tagOption } from "../options.ts";
import { count } from "../output/ui.ts";
import { action, type Cli } from "../run.ts";
import { forgotten } from "../views/forgotten.ts";

type Options = {
  bank: string;
  tag?: string[];
  before?: string;
  source?: string;
  session?: string;
  all?: true;
  hard?: true;
  dryRun?: true;
  yes?: true;
};

/** `forget`, and what becomes of the forgotten: `restore`, `purge`. */
export function registerForget(program: Command): void {
  program
    .command("forget")
    .description("forget memories: those that all given selectors hold for")
    .argument("[ids...]", "ids of memories")
    .addOption(bankOption())
    .addOption(tagOption("carrying this tag"))
    .option("--before <time>", "that happened before this time")
    .option("--source <name>", "from this source")
    .option("--session <id>", "of this call or chat")
    .option("--all", "everything in the bank")
    .option("--hard", "gone at once and for good; otherwise `restore` brings them back until they are purged")
    .option("--dry-run", "count, change nothing")
    .option("-y, --yes", "do not ask")
    .action(
      action<Options>(async (cli, options, ids) => {
        const memory = await cli.memory();
        const selector = { ...cli.context, ...selected(options, ids) };
        const found = await memory.forget({ ...selector, dryRun: true });
        if (options.dryRun || found.deletedCount === 0) return forgotten(options.bank, found);
        const what = count(found.deletedCount, "memory", "memories");
        await confirm(
          cli,
          `Forget ${what} of ${options.bank}${options.hard ? " for good" : ""}?`,
          options.yes,
        );
        return forgotten(options.bank, await memory.forget(selector));
      }),
    );
  program
    .command("restore")
    .description("bring softly forgotten memories back")
    .argument("<ids...>", "ids of memories")
    .addOption(bankOption())
    .action(
      action<{ bank: string }>(async (cli, { bank: bankId }, memoryIds) => {
        const memory = await cli.memory();
        const result = await memory.restore({ ...cli.context, bankId, memoryIds });
        return {
          data: { bankId, ...result },
          text: () => `Restored ${count(result.restoredCount, "memory", "memories")} in ${bankId}.`,
        };
      }),
    );
  program
    .command("purge")
    .description("remove softly forgotten memories for good: no byte of them stays")
    .argument("[ids...]", "only these")
    .addOption(bankOption())
    .option("--before <time>", "only what was forgotten before this time")
    .option("-y, --yes", "do not ask")
    .action(
      action<{ bank: string; before?: string; yes?: true }>(
        async (cli, { bank: bankId, before, yes }, ids) => {
          const memory = await cli.memory();
          await confirm(cli, `Remove the forgotten memories of ${bankId} for good?`, yes);
          const only = ids.length > 0 ? { memoryIds: ids } : {};
          const result = await memory.purge({ ...cli.context, bankId, ...given({ before }), ...only });
          return {
            data: { bankId, ...result },
            text: () => `Purged ${count(result.purgedCount, "memory", "memories")} of ${bankId}.`,
          };
        },
      ),
    );
}

function selected({ bank, tag, before, source, session, all, hard }: Options, ids: string[]): ForgetOptions {
  return {
    bankId: bank,
    mode: hard ? "hard" : "soft",
    ...(ids.length > 0 && { memoryIds: ids }),
    ...(all && { scope: "all" as const }),
    ...given({ tags: tag, before, source, sessionId: session }),
  };
}

/** Asks on a terminal; elsewhere nobody can be asked, and nothing is destroyed on a guess. */
async function confirm(cli: Cli, question: string, yes: true | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new AstrocyteError(
      "conflict",
      "[forget] nobody can confirm this here. Add --yes, or look first with --dry-run.",
    );
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: cli.signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    prompt.close();
  }
  throw new AstrocyteError("conflict", "[forget] not confirmed. Nothing was changed.");
}

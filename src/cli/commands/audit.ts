import type { Command } from "commander";
import { bankOption, given, positive } from "../options.ts";
import { action } from "../run.ts";
import { audit, verified } from "../views/governance.ts";

export function registerAudit(program: Command): void {
  const group = program
    .command("audit")
    .description("who did what: the log that holds no content and can be verified");
  group
    .command("list", { isDefault: true })
    .description("list the entries of a bank, oldest first")
    .addOption(bankOption())
    .option("--after <seq>", "only those after this entry", positive)
    .option("-n, --max <n>", "entries at most", positive, 100)
    .action(
      action<{ bank: string; after?: number; max: number }>(
        async (cli, { bank: bankId, after, max: limit }) => {
          const memory = await cli.memory();
          return audit(await memory.audit({ ...cli.context, bankId, limit, ...given({ after }) }));
        },
      ),
    );
  group
    .command("verify")
    .description(
      "recompute the chain of hashes over all banks: shows whether an entry was changed or removed",
    )
    .action(
      action(async (cli) => {
        const memory = await cli.memory();
        return verified(await memory.verifyAudit());
      }),
    );
}

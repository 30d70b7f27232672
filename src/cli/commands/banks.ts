import type { Command } from "commander";
import { action } from "../run.ts";
import { banks } from "../views/governance.ts";

export function registerBanks(program: Command): void {
  program
    .command("banks")
    .description("list the banks that you may read")
    .action(
      action(async (cli) => {
        const memory = await cli.memory();
        return banks(await memory.banks(cli.context));
      }),
    );
}

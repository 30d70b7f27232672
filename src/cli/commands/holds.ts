import type { Command } from "commander";
import { AstrocyteError } from "../../core/errors.ts";
import { bankOption } from "../options.ts";
import { action } from "../run.ts";
import { holds } from "../views/governance.ts";

export function registerHolds(program: Command): void {
  const group = program
    .command("holds")
    .description("legal holds: while one is set, nothing of the bank can be forgotten");
  group
    .command("list", { isDefault: true })
    .description("list the holds of a bank")
    .addOption(bankOption())
    .action(
      action<{ bank: string }>(async (cli, { bank: bankId }) => {
        const memory = await cli.memory();
        return holds(bankId, await memory.holds({ ...cli.context, bankId }));
      }),
    );
  group
    .command("set")
    .description("set a hold on a bank")
    .argument("<id>", "your name of the hold, such as case-2026-17")
    .requiredOption("--reason <text>", "why; it is kept with the hold")
    .addOption(bankOption())
    .action(
      action<{ bank: string; reason: string }>(async (cli, { bank: bankId, reason }, [holdId = ""]) => {
        const memory = await cli.memory();
        await memory.hold({ ...cli.context, bankId, holdId, reason });
        return holds(bankId, await memory.holds({ ...cli.context, bankId }));
      }),
    );
  group
    .command("release")
    .description("release a hold")
    .argument("<id>")
    .addOption(bankOption())
    .action(
      action<{ bank: string }>(async (cli, { bank: bankId }, [holdId = ""]) => {
        const memory = await cli.memory();
        const released = await memory.release({ ...cli.context, bankId, holdId });
        if (!released)
          throw new AstrocyteError("not_found", `[holds] ${bankId} has no hold ${holdId}. List them first.`);
        return holds(bankId, await memory.holds({ ...cli.context, bankId }));
      }),
    );
}

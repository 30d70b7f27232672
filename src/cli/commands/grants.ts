import type { Command } from "commander";
import { AstrocyteError } from "../../core/errors.ts";
import type { Permission } from "../../memory/types.ts";
import { bankOption } from "../options.ts";
import { action } from "../run.ts";
import { grants } from "../views/governance.ts";

const PERMISSIONS: readonly string[] = ["read", "write", "forget", "admin"] satisfies Permission[];

export function registerGrants(program: Command): void {
  const group = program.command("grants").description("who may do what with a bank");
  group
    .command("list", { isDefault: true })
    .description("list the grants of a bank")
    .addOption(bankOption())
    .action(
      action<{ bank: string }>(async (cli, { bank: bankId }) => {
        const memory = await cli.memory();
        return grants(bankId, await memory.grants({ ...cli.context, bankId }));
      }),
    );
  group
    .command("grant")
    .description("give permissions on a bank; they replace what the principal had")
    .argument("<principal>", 'such as "user:anna", "team:sales" or "*"')
    .argument("<permissions>", "some of read,write,forget,admin")
    .addOption(bankOption())
    .action(
      action<{ bank: string }>(async (cli, { bank: bankId }, [principal = "", list = ""]) => {
        const memory = await cli.memory();
        await memory.grant({ ...cli.context, bankId, principal, permissions: permissions(list) });
        return grants(bankId, await memory.grants({ ...cli.context, bankId }));
      }),
    );
  group
    .command("revoke")
    .description("take all permissions on a bank from a principal")
    .argument("<principal>")
    .addOption(bankOption())
    .action(
      action<{ bank: string }>(async (cli, { bank: bankId }, [principal = ""]) => {
        const memory = await cli.memory();
        await memory.revoke({ ...cli.context, bankId, principal });
        return grants(bankId, await memory.grants({ ...cli.context, bankId }));
      }),
    );
}

function permissions(list: string): Permission[] {
  const names = list.split(",").map((name) => name.trim());
  if (names.every((name): name is Permission => PERMISSIONS.includes(name))) return names;
  throw new AstrocyteError(
    "invalid_input",
    `[grants] permissions are ${PERMISSIONS.join(", ")}, separated by commas.`,
  );
}

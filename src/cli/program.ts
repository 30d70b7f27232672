import { Command } from "commander";
import { registerAudit } from "./commands/audit.ts";
import { registerBanks } from "./commands/banks.ts";
import { registerBrain } from "./commands/brain.ts";
import { registerBrief } from "./commands/brief.ts";
import { registerChat } from "./commands/chat.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerForget } from "./commands/forget.ts";
import { registerGrants } from "./commands/grants.ts";
import { registerHolds } from "./commands/holds.ts";
import { registerRecall } from "./commands/recall.ts";
import { registerReindex } from "./commands/reindex.ts";
import { registerRemember } from "./commands/remember.ts";
import { registerServe } from "./commands/serve.ts";
import { registerSessions } from "./commands/sessions.ts";
import { registerStart } from "./commands/start.ts";
import { registerTransfer } from "./commands/transfer.ts";
import { registerVendors } from "./commands/vendors.ts";
import { globalOptions } from "./options.ts";
import { EXIT, EXIT_HELP } from "./output/exit.ts";

/** The `astrocyte` command. What a command needs is loaded when it runs, so that help comes at once. */
export function createProgram(version: string): Command {
  const program = globalOptions(new Command("astrocyte"))
    .description(
      "Memory that belongs to your application, and the composer that puts it in front of any vendor.",
    )
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .addHelpText("after", `\n${EXIT_HELP}`)
    .exitOverride((error) => {
      throw Object.assign(error, { exitCode: error.exitCode === 0 ? EXIT.ok : EXIT.usage });
    });
  const groups: Array<[string, Array<(program: Command) => void>]> = [
    ["Run", [registerStart, registerServe, registerChat]],
    ["Memory", [registerRemember, registerRecall, registerForget]],
    ["Sessions", [registerBrief, registerSessions, registerVendors, registerBrain]],
    ["Banks", [registerBanks, registerGrants, registerHolds, registerTransfer, registerReindex]],
    ["Care", [registerDoctor, registerAudit]],
  ];
  for (const [title, commands] of groups) {
    program.commandsGroup(`${title}:`);
    for (const register of commands) register(program);
  }
  return program;
}

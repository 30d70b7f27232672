import type { Command } from "commander";
import { action } from "../run.ts";
import { briefed } from "../views/briefing.ts";

type Options = { persona: string; subject: string; vendor: string; text?: true; principal?: string };

export function registerBrief(program: Command): void {
  program
    .command("brief")
    .description("compose the briefing of a session without opening one, and say where each line comes from")
    .requiredOption("--persona <id>", "who the agent is")
    .requiredOption("--subject <who>", "whom it will talk to, such as user:anna")
    .option("--vendor <name>", "whose limits count", "local")
    .option("--text", "show the text too, word for word")
    .action(
      action<Options>(async (cli, { persona, subject, vendor, text = false, principal = "user:local" }) => {
        const { composer } = await cli.gateway();
        const briefing = await composer.brief({ persona, subject, vendor, context: { principal } });
        return briefed(briefing, text);
      }),
    );
}

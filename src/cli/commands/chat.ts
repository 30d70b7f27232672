import { createInterface } from "node:readline";
import type { Command } from "commander";
import { systemClock } from "../../core/clock.ts";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { bankOption } from "../options.ts";
import { action } from "../run.ts";

export function registerChat(program: Command): void {
  program
    .command("chat")
    .description("talk to memory in the terminal: it keeps what you tell it, also for the next time")
    .addOption(bankOption())
    .action(
      action<{ bank: string }>(async (cli, { bank: bankId }) => {
        const { HELP, Talk } = await import("../chat/talk.ts");
        const memory = await cli.memory();
        const sessionId = newId("chat", systemClock);
        const talk = new Talk({ memory, bankId, sessionId, context: cli.context, ui: cli.ui });
        cli.note(cli.ui.dim(HELP));
        const interactive = process.stdin.isTTY === true;
        const lines = createInterface({
          input: process.stdin,
          output: process.stderr,
          terminal: interactive,
          prompt: "› ",
        });
        lines.on("SIGINT", () => process.emit("SIGINT"));
        cli.signal.addEventListener("abort", () => lines.close(), { once: true });
        if (interactive) lines.prompt();
        for await (const line of lines) {
          const reply = line.trim() === "" ? "" : await answer(talk, line.trim());
          if (reply === undefined) break;
          if (reply !== "") process.stdout.write(`${reply}\n`);
          if (interactive) lines.prompt();
        }
        lines.close();
        return undefined;
      }),
    );
}

/** One line that fails does not end the conversation. */
async function answer(talk: { reply(line: string): Promise<string | undefined> }, line: string) {
  try {
    return await talk.reply(line);
  } catch (error) {
    if (!AstrocyteError.is(error)) throw error;
    const { message, code } = toAstrocyteError(error);
    return `error: ${message} (${code})`;
  }
}

import { type Command, Option } from "commander";
import type { RecallOptions } from "../../memory/types.ts";
import { collect, DEFAULT_BANK, given, positive, tagOption } from "../options.ts";
import { action } from "../run.ts";
import { recalled, reflected } from "../views/hits.ts";

type Options = {
  bank?: string[];
  strategy?: RecallOptions["strategy"];
  max?: number;
  tokens?: number;
  asOf?: string;
  from?: string;
  to?: string;
  tag?: string[];
  session?: string;
  trace?: true;
};

/** `recall`, `reflect`, `history`: three ways to ask. */
export function registerRecall(program: Command): void {
  asking(program, "recall", "find what memory holds on a question")
    .option("--as-of <time>", "what was known at that time")
    .option("--trace", "show how it was found")
    .action(
      action<Options>(async (cli, options, words) => {
        const memory = await cli.memory();
        const result = await memory.recall(words.join(" "), {
          ...cli.context,
          ...asked(options),
          signal: cli.signal,
        });
        return recalled(result, options.trace ?? false);
      }),
    );
  asking(program, "reflect", "answer a question from memory, with its sources")
    .option("--as-of <time>", "from what was known at that time")
    .action(
      action<Options>(async (cli, options, words) => {
        const memory = await cli.memory();
        const result = await memory.reflect(words.join(" "), {
          ...cli.context,
          ...asked(options),
          signal: cli.signal,
        });
        return reflected(result);
      }),
    );
  asking(program, "history", "what was known of a question at an earlier time")
    .requiredOption("--as-of <time>", "the time, ISO 8601")
    .action(
      action<Options & { asOf: string }>(async (cli, options, words) => {
        const memory = await cli.memory();
        const result = await memory.history(words.join(" "), {
          ...cli.context,
          ...asked(options),
          asOf: options.asOf,
          signal: cli.signal,
        });
        return recalled(result, false);
      }),
    );
}

function asking(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument("<question...>", "the question, in plain words")
    .addOption(
      new Option(
        "-b, --bank <id>",
        `bank to ask, such as person:anna (repeatable; default: ${DEFAULT_BANK})`,
      ).argParser(collect),
    )
    .addOption(
      new Option("--strategy <name>", "how several banks are asked").choices([
        "parallel",
        "cascade",
        "first_match",
      ]),
    )
    .option("-n, --max <n>", "memories at most", positive)
    .option("--tokens <n>", "tokens that they may take together", positive)
    .option("--from <time>", "only what happened since")
    .option("--to <time>", "only what happened before")
    .option("--session <id>", "only what was said in this call or chat")
    .addOption(tagOption("only memories that carry this tag"));
}

function asked({ bank, strategy, max, tokens, asOf, from, to, tag, session }: Options): RecallOptions {
  const timeRange = from !== undefined || to !== undefined ? given({ from, to }) : undefined;
  return {
    banks: bank ?? [DEFAULT_BANK],
    ...given({
      strategy,
      maxResults: max,
      maxTokens: tokens,
      asOf,
      timeRange,
      tags: tag,
      sessionId: session,
    }),
  };
}

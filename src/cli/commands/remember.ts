import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { type Command, Option } from "commander";
import { AstrocyteError } from "../../core/errors.ts";
import type { ContentType } from "../../memory/types.ts";
import { bankOption, given, tagOption } from "../options.ts";
import { action } from "../run.ts";
import { retained } from "../views/retained.ts";

type Options = {
  file?: string;
  bank: string;
  tag?: string[];
  source?: string;
  occurredAt?: string;
  speaker?: string;
  session?: string;
  conversation?: true;
  type?: ContentType;
  idempotencyKey?: string;
};

export function registerRemember(program: Command): void {
  program
    .command("remember")
    .description("store a text; - or nothing reads it from standard input")
    .argument("[text...]", "what to remember")
    .option("-f, --file <path>", "read it from a file")
    .addOption(bankOption())
    .addOption(tagOption("tag to store it under"))
    .option("--source <name>", "where it comes from, such as crm", "cli")
    .option("--occurred-at <time>", "when it was said or happened, ISO 8601 (default: now)")
    .option("--speaker <name>", "who said it")
    .option("--session <id>", "the call or chat that it belongs to")
    .option("--conversation", 'it is a conversation: lines such as "Anna: hello"')
    .addOption(
      new Option("--type <type>", "kind of content").choices([
        "text",
        "conversation",
        "transcript",
        "document",
      ]),
    )
    .option("--idempotency-key <key>", "a second call with the same key stores nothing")
    .action(
      action<Options>(async (cli, options, words) => {
        const content = await read(options.file, words);
        const contentType = options.type ?? (options.conversation ? "conversation" : undefined);
        const memory = await cli.memory();
        const result = await memory.retain(content, {
          ...cli.context,
          bankId: options.bank,
          ...given({
            tags: options.tag,
            source: options.source,
            occurredAt: options.occurredAt,
            speaker: options.speaker,
            sessionId: options.session,
            idempotencyKey: options.idempotencyKey,
            contentType,
          }),
        });
        return retained(options.bank, result);
      }),
    );
}

async function read(file: string | undefined, words: string[]): Promise<string> {
  const text = words.join(" ");
  if (file !== undefined && text !== "") throw empty("a text and a file were given. Give one of them.");
  if (file !== undefined && file !== "-") return readFile(file, "utf8");
  if (text !== "" && text !== "-") return text;
  if (process.stdin.isTTY && text === "" && file === undefined)
    throw empty('there is nothing to remember. Give a text, --file, or "-" for standard input.');
  return readAll(process.stdin);
}

function empty(what: string): AstrocyteError {
  return new AstrocyteError("invalid_input", `[remember] ${what}`);
}

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { type Command, Option } from "commander";
import type { ImportResult } from "../../memory/portability.ts";
import { bankOption } from "../options.ts";
import { EXIT } from "../output/exit.ts";
import { count } from "../output/ui.ts";
import { type Answer, action } from "../run.ts";

type ImportOptions = { bank: string; onConflict: "skip" | "overwrite"; trusted?: true };

/** A bank as a file, and back. */
export function registerTransfer(program: Command): void {
  program
    .command("export")
    .description("write a bank as JSON lines: everything that it remembers, and nothing else")
    .argument("[file]", "- or nothing is standard output", "-")
    .addOption(bankOption())
    .option("--no-vectors", "smaller; an import then embeds anew")
    .action(
      action<{ bank: string; vectors: boolean }>(async (cli, { bank: bankId, vectors }, [file = "-"]) => {
        const memory = await cli.memory();
        const lines = memory.export({ ...cli.context, bankId, vectors });
        const memories = file === "-" ? await writeTo(process.stdout, lines) : await writeFile(file, lines);
        if (file === "-") return undefined;
        return {
          data: { bankId, file, memories },
          text: () => `Exported ${count(memories, "memory", "memories")} of ${bankId} to ${file}.`,
        };
      }),
    );
  program
    .command("import")
    .description("read an export into a bank")
    .argument("<file>", "- is standard input")
    .addOption(bankOption())
    .addOption(
      new Option("--on-conflict <what>", "for ids that the bank has")
        .choices(["skip", "overwrite"])
        .default("skip"),
    )
    .option("--trusted", "leave out the barrier: for a file of your own that must come back byte for byte")
    .action(
      action<ImportOptions>(async (cli, { bank: bankId, onConflict, trusted = false }, [file = "-"]) => {
        const memory = await cli.memory();
        const source = file === "-" ? process.stdin : createReadStream(file);
        const options = { ...cli.context, bankId, onConflict, trusted, signal: cli.signal };
        return imported(bankId, await memory.import(source, options));
      }),
    );
}

/** Complete or not there at all: it gets its name when the last line is on the disk. */
async function writeFile(path: string, lines: AsyncIterable<string>): Promise<number> {
  const part = `${path}.part`;
  const file = await open(part, "w", 0o600);
  try {
    const written = await writeTo(file.createWriteStream({ autoClose: false }), lines);
    await file.sync();
    await file.close();
    await rename(part, path);
    return written;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(part, { force: true });
    throw error;
  }
}

/** Returns the number of memories: the first line is the header. */
async function writeTo(stream: NodeJS.WritableStream, lines: AsyncIterable<string>): Promise<number> {
  let written = -1;
  for await (const line of lines) {
    if (!stream.write(line)) await once(stream, "drain");
    written++;
  }
  await new Promise<void>((resolve, reject) =>
    stream.write("", (error) => (error ? reject(error) : resolve())),
  );
  return Math.max(0, written);
}

function imported(bankId: string, result: ImportResult): Answer {
  const { refused } = result;
  return {
    data: { bankId, ...result },
    text: (ui) =>
      [
        `${ui.good("Imported")} ${count(result.imported, "memory", "memories")} into ${bankId}: ` +
          `${result.skipped} there already, ${result.overwritten} overwritten, ${result.merged} merged, ${result.reembedded} embedded anew.`,
        ...(refused.length > 0 ? [ui.warn(`Refused by the barrier: ${count(refused.length, "line")}.`)] : []),
        ...refused.slice(0, 20).map(({ line, reason }) => ui.dim(`line ${line}: ${reason}`)),
      ].join("\n"),
    exitCode: refused.length > 0 ? EXIT.refused : EXIT.ok,
  };
}

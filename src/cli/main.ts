#!/usr/bin/env node
// As a whole: an older Node lacks parts of it, and must get as far as the message below.
import * as nodeModule from "node:module";
import process from "node:process";

const MINIMUM = 24;

if (Number(process.versions.node.split(".")[0]) < MINIMUM) {
  process.stderr.write(
    `error: [cli] this is Node ${process.versions.node}. Install Node ${MINIMUM} or newer from https://nodejs.org.\n`,
  );
  process.exit(6);
}

nodeModule.enableCompileCache();
await main();

async function main(): Promise<void> {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const { CommanderError } = await import("commander");
  const [{ createProgram }, { version }] = await Promise.all([
    import("./program.ts"),
    import("../server/version.ts"),
  ]);
  try {
    await createProgram(version).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  }
}

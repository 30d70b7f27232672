import type { Command } from "commander";
import { EXIT } from "../output/exit.ts";
import { action } from "../run.ts";
import { checkup } from "../views/checkup.ts";

/** What one check found; `fix` says what to do. */
export type Check = { name: string; state: "ok" | "warning" | "failed"; found: string; fix?: string };

export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .description("check the installation, the configuration and the store, and say what to mend")
    .action(
      action(async (cli) => {
        const { examine } = await import("../doctor/examine.ts");
        const checks: Check[] = [];
        for await (const check of examine(cli)) {
          checks.push(check);
          cli.note(`checked ${check.name}`);
        }
        const healthy = checks.every(({ state }) => state !== "failed");
        return { ...checkup(checks), exitCode: healthy ? EXIT.ok : EXIT.failed };
      }),
    );
}

import type { Command } from "commander";
import { port } from "../options.ts";
import { action } from "../run.ts";

type Options = { port?: number; host?: string; quiet?: boolean };

export function registerServe(program: Command): void {
  program
    .command("serve")
    .description(
      "serve memory, sessions and the brain over HTTP, as the configuration says; logs go to stderr",
    )
    .option("-p, --port <n>", "instead of server.port; 0 takes a free one", port)
    .option("--host <address>", "instead of server.host")
    .action(
      action<Options>(
        async (cli, { port, host, quiet = false }) => {
          const { gatewayLogger, untilStopped } = await import("../serving.ts");
          const logger = await gatewayLogger(quiet ? "warn" : "info");
          const gateway = await cli.gateway({ logger, processMetrics: true });
          // The first turn finds its memory in time; should this fail, so will that turn, and say why.
          gateway.memory.warm().catch(() => {});
          const url = await gateway.listen({
            ...(port !== undefined && { port }),
            ...(host !== undefined && { host }),
          });
          process.stdout.write(
            cli.flags.json ? `${JSON.stringify({ url })}\n` : `Astrocyte serves at ${url}\n`,
          );
          await untilStopped(cli.signal);
          cli.note("Stopping: what is under way may finish. Ctrl-C again does not wait.");
          return undefined;
        },
        { serves: true },
      ),
    );
}

import { join } from "node:path";
import type { Command } from "commander";
import { systemClock } from "../../core/clock.ts";
import { FOLDER } from "../locate.ts";
import { port } from "../options.ts";
import type { Ui } from "../output/ui.ts";
import { action } from "../run.ts";

const HOST = "127.0.0.1";
const PORT = 4747;

type Options = { port?: number };

export function registerStart(program: Command): void {
  program
    .command("start")
    .description(`try everything on this machine: a sample workspace in ${FOLDER}/, the gateway, a page`)
    .option("-p, --port <n>", `port to serve on (default: ${PORT}, or the next that is free)`, port)
    .action(
      action<Options>(
        async (cli, { port }) => {
          const { createWorkspace } = await import("../sample/create.ts");
          const { freePort, gatewayLogger, untilStopped } = await import("../serving.ts");
          const { claimWorkspace } = await import("../sample/claim.ts");
          cli.flags.config ??= join(FOLDER, "astrocyte.yaml");
          if (await createWorkspace(FOLDER, systemClock)) cli.note(`Made a sample workspace in ${FOLDER}/`);
          const running = await claimWorkspace(FOLDER);
          if ("url" in running) {
            process.stdout.write(`Astrocyte runs already at ${running.url}\n`);
            return undefined;
          }
          const gateway = await cli.gateway({ logger: await gatewayLogger("warn"), processMetrics: true });
          const url = await gateway.listen({ host: HOST, port: port ?? (await freePort(HOST, PORT)) });
          const release = await running.claim(url);
          process.stdout.write(cli.flags.json ? `${JSON.stringify({ url })}\n` : welcome(cli.ui, url));
          await untilStopped(cli.signal);
          await release();
          return undefined;
        },
        { serves: true },
      ),
    );
}

function welcome(ui: Ui, url: string): string {
  return `Astrocyte is running at ${ui.bold(url)}

  Open it, choose Anna and a persona, and ask "How is my knee?" or "When do I train?"
  Tell it something new, hang up, call again: the next briefing knows.
  What an agent is told, and why:  npx astrocyte brief --persona support --subject user:anna

Ctrl-C stops it. Everything is in ${FOLDER}/: change astrocyte.yaml, or delete the folder to begin anew.
`;
}

import { type Command, Option } from "commander";
import type { SessionState } from "../../composer/store.ts";
import { given, positive } from "../options.ts";
import { action } from "../run.ts";
import { sessionDetails, sessionList } from "../views/sessions.ts";

const STATES: SessionState[] = ["preparing", "open", "live", "ending", "ended", "failed"];

type ListOptions = {
  state?: SessionState;
  subject?: string;
  vendor?: string;
  principal?: string;
  max: number;
};

export function registerSessions(program: Command): void {
  const group = program
    .command("sessions")
    .description("the calls: which there are, what was said, ending one");
  group
    .command("list", { isDefault: true })
    .description("list sessions, newest first")
    .addOption(new Option("--state <state>", "only those in this state").choices(STATES))
    .option("--subject <who>", "only those with this person")
    .option("--vendor <name>", "only those at this vendor")
    .option("-n, --max <n>", "sessions at most", positive, 50)
    .action(
      action<ListOptions>(async (cli, { state, subject, vendor, principal, max: limit }) => {
        const { composer } = await cli.gateway();
        const states = state && [state];
        return sessionList(await composer.list({ limit, ...given({ states, subject, vendor, principal }) }));
      }),
    );
  group
    .command("show")
    .description("show a session: its facts, what was said, what happened")
    .argument("<id>")
    .action(
      action(async (cli, _options, [id = ""]) => {
        const { composer } = await cli.gateway();
        const row = await composer.get(id);
        return sessionDetails(row, await composer.transcript(id), await composer.events(id, 0));
      }),
    );
  group
    .command("end")
    .description("end a session; a room of another process closes with that process's next sweep")
    .argument("<id>")
    .option("--reason <text>", "kept with the session", "operator")
    .action(
      action<{ reason: string }>(async (cli, { reason }, [id = ""]) => {
        const { composer } = await cli.gateway();
        const { endSession } = await import("../../composer/sessions/end.ts");
        // Not `composer.end`: its heartbeat would take sessions that live in a running gateway for lost.
        const row = await endSession(composer.parts, id, reason);
        return sessionDetails(row, [], []);
      }),
    );
}

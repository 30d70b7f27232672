import { type Command, Option } from "commander";
import { action } from "../run.ts";

type Options = { principal?: string; bank?: string; retain: "never" | "completed" };

export function registerBrain(program: Command): void {
  const group = program.command("brain").description("the OpenAI-compatible endpoint with memory in front");
  group
    .command("key")
    .description("make an API key for it: the key for the caller, its hash for the configuration")
    .argument("<name>", "what the key is called in logs")
    .option("-b, --bank <id>", "the key's memory; one a user with {user} at its end, such as app:{user}")
    .addOption(
      new Option("--retain <what>", "what it stores of itself")
        .choices(["never", "completed"])
        .default("never"),
    )
    .action(
      action<Options>(async (_cli, { principal, bank, retain }, [name = ""]) => {
        const { newSecret, sha256 } = await import("../../core/secrets.ts");
        const key = `ak_${newSecret()}`;
        const entry = {
          name,
          key_sha256: sha256(key),
          principal: principal ?? `service:${name}`,
          ...(bank !== undefined && { bank }),
          ...(bank?.includes("{user}") && { allow_user_scope: true }),
          ...(retain !== "never" && { retain }),
        };
        const { stringify } = await import("yaml");
        return {
          data: { key, config: entry },
          text: (ui) =>
            [
              `${ui.bold(key)}`,
              ui.dim(
                "It is shown this once. Give it to the caller as its API key, and put this in the configuration:",
              ),
              "",
              stringify({ brain: { keys: [entry] } }).trimEnd(),
            ].join("\n"),
        };
      }),
    );
}

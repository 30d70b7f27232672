import { asRow } from "../read.ts";
import type { Named, ResourceKind } from "../resources.ts";
import type { ElevenLabsApi } from "./api.ts";
import { MARKER_VARIABLE } from "./tools.ts";

/** What sessions make in the workspace: the agent first, since ElevenLabs keeps what is in use. */
export function kindsOf(api: ElevenLabsApi): ResourceKind[] {
  const { agents, tools, secrets } = api;
  return [
    { kind: "agent", remove: agents.remove, named: agents.all },
    { kind: "tool", remove: tools.remove, named: () => namedTools(api) },
    { kind: "secret", remove: secrets.remove, named: secrets.all },
  ];
}

/**
 * By marker and name, as they are recorded. The marker is where the model does not see it; a tool's name is the
 * model's, and need not be unique.
 */
async function* namedTools(api: ElevenLabsApi): AsyncGenerator<Named> {
  for await (const { id, config } of api.tools.all()) {
    const placeholders = asRow(asRow(config["dynamic_variables"])["dynamic_variable_placeholders"]);
    yield { id, name: `${placeholders[MARKER_VARIABLE] ?? ""} ${config["name"]}` };
  }
}

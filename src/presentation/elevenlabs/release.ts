import type { VendorResource } from "../adapter.ts";
import { asRow } from "../read.ts";
import { gone } from "../vendor-http.ts";
import type { ElevenLabsApi, WorkspaceTool } from "./api.ts";
import { MARKER_VARIABLE } from "./tools.ts";

/**
 * Deletes what a session left in the workspace: the agent first, since ElevenLabs keeps what is in use.
 * Everything is tried; the first failure is thrown at the end, and calling again finishes the rest.
 */
export async function releaseResources(api: ElevenLabsApi, resources: VendorResource[]): Promise<void> {
  const failures: unknown[] = [];
  const attempt = (work: Promise<void>) => work.catch((error) => void failures.push(error));
  const ids = (kind: string) => resources.filter((each) => each.kind === kind).map(({ id }) => id);
  // A name without its id: the answer of a create was lost.
  const lost = (kind: string) => (ids(kind).length < ids(`${kind}_name`).length ? ids(`${kind}_name`) : []);

  for (const id of ids("agent")) await attempt(gone(api.agents.remove(id)));
  for (const name of lost("agent")) await attempt(removeAgents(api, name));
  await Promise.all(ids("tool").map((id) => attempt(gone(api.tools.remove(id)))));
  if (lost("tool").length > 0) await attempt(removeTools(api, new Set(lost("tool").map(markerOfName))));
  for (const id of ids("secret")) await attempt(gone(api.secrets.remove(id)));
  for (const name of lost("secret")) await attempt(removeSecrets(api, name));
  if (failures.length > 0) throw failures[0];
}

async function removeAgents(api: ElevenLabsApi, marker: string): Promise<void> {
  for await (const { id, name } of api.agents.all(marker)) {
    if (name === marker) await gone(api.agents.remove(id));
  }
}

async function removeSecrets(api: ElevenLabsApi, wanted: string): Promise<void> {
  for await (const { id, name } of api.secrets.all(wanted)) {
    if (name === wanted) await gone(api.secrets.remove(id));
  }
}

async function removeTools(api: ElevenLabsApi, markers: Set<string>): Promise<void> {
  for await (const tool of api.tools.all()) {
    if (markers.has(markerOfTool(tool))) await gone(api.tools.remove(tool.id));
  }
}

const PREFIX = "astrocyte:";

/** Agents, tools and secrets that carry a marker of ours, by marker: for the sweep. */
export async function listLeft(
  api: ElevenLabsApi,
): Promise<Array<{ marker: string; resources: VendorResource[] }>> {
  const left = new Map<string, VendorResource[]>();
  const add = (marker: string, kind: string, id: string) => {
    if (marker.startsWith(PREFIX)) left.set(marker, [...(left.get(marker) ?? []), { kind, id }]);
  };
  for await (const { id, name } of api.agents.all(PREFIX)) add(name, "agent", id);
  for await (const tool of api.tools.all()) add(markerOfTool(tool), "tool", tool.id);
  for await (const { id, name } of api.secrets.all(PREFIX)) add(markerOfName(name), "secret", id);
  return [...left].map(([marker, resources]) => ({ marker, resources }));
}

/** Where the model does not see it; a tool's name is the model's, and need not be unique. */
function markerOfTool({ config }: WorkspaceTool): string {
  const placeholders = asRow(asRow(config["dynamic_variables"])["dynamic_variable_placeholders"]);
  return String(placeholders[MARKER_VARIABLE] ?? "");
}

/** Of a secret's name, or a tool's as it is recorded: `<marker> <what>`. */
function markerOfName(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(" ")));
}

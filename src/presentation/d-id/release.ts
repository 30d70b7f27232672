import type { VendorResource } from "../adapter.ts";
import { gone } from "../vendor-http.ts";
import type { DIdApi } from "./api.ts";
import { agentOf, idsOf, readStreams } from "./resources.ts";

/**
 * Closes the V1 streams of a record, or the one of that id: it wants its `session_id` back (contract §2.6). What is
 * closed already, or is no stream of the record, is a success.
 */
export async function closeStreams(api: DIdApi, resources: VendorResource[], only?: string): Promise<void> {
  const agentId = agentOf({ resources });
  if (agentId === undefined) return;
  for (const { id, sessionId } of readStreams(resources)) {
    if (only === undefined || only === id) await gone(api.streams.close(agentId, id, sessionId));
  }
}

/**
 * Deletes what a session left at D-ID, the stream first because the others serve it. Everything is tried; the first
 * failure is thrown at the end, and calling again finishes the rest.
 */
export async function releaseResources(api: DIdApi, resources: VendorResource[]): Promise<void> {
  const failures: unknown[] = [];
  const attempt = (work: Promise<void>) => work.catch((error) => void failures.push(error));
  await attempt(closeStreams(api, resources));
  for (const id of idsOf(resources, "agent")) await attempt(gone(api.agents.remove(id)));
  for (const id of idsOf(resources, "tool")) await attempt(gone(api.tools.remove(id)));
  // A name without its id: the answer of the create was lost.
  if (idsOf(resources, "agent").length < idsOf(resources, "agent_name").length) {
    for (const name of idsOf(resources, "agent_name")) await attempt(removeNamed(api, name));
  }
  if (failures.length > 0) throw failures[0];
}

async function removeNamed(api: DIdApi, name: string): Promise<void> {
  const agents = (await api.agents.named(name)).filter((agent) => agent.name === name);
  for (const { id } of agents) await gone(api.agents.remove(id));
}

/** Agents that carry our marker, and the tools that were made for them: for what no record tells of. */
export async function listLeft(api: DIdApi): Promise<Array<{ marker: string; resources: VendorResource[] }>> {
  return (await api.agents.named("astrocyte:")).map(({ id, name, boundTools }) => ({
    marker: name,
    resources: [{ kind: "agent", id }, ...boundTools.map((tool) => ({ kind: "tool", id: tool }))],
  }));
}

import type { SessionHandle, VendorResource } from "../adapter.ts";
import { idsOf, MARKER_PREFIX, releaseAll } from "../resources.ts";
import { gone } from "../vendor-http.ts";
import type { DIdApi } from "./api.ts";

/**
 * Deletes what a session left at D-ID, the stream first because the others serve it. Its record has besides
 * `on_agent`, `chat` and `since`, which say where its chat is found.
 */
export function releaseResources(api: DIdApi, resources: VendorResource[]): Promise<void> {
  return releaseAll(
    [
      { kind: "stream", remove: (record) => closeStream(api, resources, readStream(record).id) },
      { kind: "agent", remove: api.agents.remove, named: api.agents.named },
      { kind: "tool", remove: api.tools.remove },
    ],
    resources,
  );
}

/** Agents that carry our marker, and the tools that were made for them: for what no record tells of. */
export async function listLeft(api: DIdApi): Promise<Array<{ marker: string; resources: VendorResource[] }>> {
  return (await api.agents.named(MARKER_PREFIX)).map(({ id, name, boundTools }) => ({
    marker: name,
    resources: [{ kind: "agent", id }, ...boundTools.map((tool) => ({ kind: "tool", id: tool }))],
  }));
}

/** Closes a V1 stream of a record: it wants its `session_id` back (contract §2.6). Any other id is a success. */
export async function closeStream(api: DIdApi, resources: VendorResource[], id: string): Promise<void> {
  const agentId = agentOf({ resources });
  const stream = readStreams(resources).find((each) => each.id === id);
  if (agentId !== undefined && stream) await gone(api.streams.close(agentId, id, stream.sessionId));
}

/** The agent that a session runs on, its own or a shared one. */
export function agentOf({ resources }: Pick<SessionHandle, "resources">): string | undefined {
  return idsOf(resources, "agent")[0] ?? idsOf(resources, "on_agent")[0];
}

/** A stream's two ids in one record, so that no crash comes between them; ids have no spaces, tokens may. */
export function streamRecord(id: string, sessionId: string): string {
  return `${id} ${sessionId}`;
}

export function readStreams(resources: VendorResource[]): Array<{ id: string; sessionId: string }> {
  return idsOf(resources, "stream").map(readStream);
}

function readStream(record: string): { id: string; sessionId: string } {
  const cut = record.indexOf(" ");
  return { id: record.slice(0, cut), sessionId: record.slice(cut + 1) };
}

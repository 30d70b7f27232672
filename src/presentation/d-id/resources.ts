import type { SessionHandle, VendorResource } from "../adapter.ts";

/**
 * What a session leaves in its record. `agent_name`, `agent` and `tool` are ours to delete, `stream` ours to close;
 * `on_agent`, `chat` and `since` say where its chat is found.
 */
export type Kind = "agent_name" | "agent" | "tool" | "stream" | "on_agent" | "chat" | "since";

export type Recorder = (kind: Kind, id: string) => Promise<void>;

export function idsOf(resources: VendorResource[], kind: Kind): string[] {
  return resources.filter((each) => each.kind === kind).map((each) => each.id);
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
  return idsOf(resources, "stream").map((record) => {
    const cut = record.indexOf(" ");
    return { id: record.slice(0, cut), sessionId: record.slice(cut + 1) };
  });
}

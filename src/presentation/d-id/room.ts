import type { OpenedSession } from "../adapter.ts";
import type { AgentInput } from "./agent.ts";
import type { Opener } from "./open.ts";

/** Text streams that the agent listens to, by what they do (contract §2.5). */
export const TOPICS = { say: "did.speak", respond: "lk.chat", interrupt: "did.interrupt" } as const;

/**
 * A V2 session: a LiveKit room. Nothing can be recorded after it, because nothing about it can be ended or deleted:
 * it is over when the page leaves, or by D-ID's own limits.
 */
export async function openRoom(
  { api, config }: Opener,
  { persona }: AgentInput,
  agentId: string,
): Promise<Omit<OpenedSession, "resources">> {
  const { id, url, token } = await api.createSession(agentId, {
    transport: { provider: "livekit" },
    chat_persist: config.chat_persist,
  });
  const tools = persona.tools.map(({ name }) => name);
  return { vendorSessionId: id, join: { kind: "livekit", url, token, data: { tools } } };
}

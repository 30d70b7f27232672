import type { SessionHandle, VendorTurn } from "../adapter.ts";
import { type Row, readTime, text } from "../read.ts";
import type { ExportedChat } from "./archive.ts";
import { agentOf, idsOf } from "./resources.ts";

/**
 * Chats of a session's own agent are the session's. On a shared agent others talk too: a V2 session's chat is
 * `cht_<session id>` (npm 2.0.10, `connect-to-manager`), a V1 session's the one that was made for it; no other is taken.
 */
export function isOurs({ id, agentId }: ExportedChat, session: SessionHandle): boolean {
  if (agentId !== "" && agentId !== agentOf(session)) return false;
  if (idsOf(session.resources, "agent").length > 0) return true;
  return id === (idsOf(session.resources, "chat")[0] ?? `cht_${session.vendorSessionId}`);
}

/** The turns of one chat; a message's place in it is its key. */
export function readChat({ id, messages }: ExportedChat): VendorTurn[] {
  return messages.flatMap((message, index) => readMessage(message, `${id}:${index}`));
}

/** What the agent was told by the system is no part of the talk. */
function readMessage(message: Row, key: string): VendorTurn[] {
  const role = message["role"] === "user" ? "user" : message["role"] === "assistant" ? "agent" : undefined;
  const said = (text(message["content"]) ?? "").trim();
  const at = readTime(message["created_at"]);
  if (role === undefined || said === "") return [];
  return [{ key, role, text: said, ...(at !== undefined && { at }) }];
}

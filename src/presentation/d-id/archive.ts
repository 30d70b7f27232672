import { unzipSync } from "fflate";
import { AstrocyteError } from "../../core/errors.ts";
import type { SessionHandle, VendorTurn } from "../adapter.ts";
import { asRow, asRows, type Row, readTime, text } from "../read.ts";
import { idsOf } from "../resources.ts";
import { agentOf } from "./release.ts";

/** One exported chat (contract §2.7). */
export type ExportedChat = { id: string; agentId: string; messages: Row[] };

const MAX_FILES = 2_000;

/**
 * The chats of an export's archive. What it would unpack to is known before anything is unpacked, and never more
 * is. Errors: `payload_too_large` beyond `maxBytes` or 2000 files, `vendor_failed` for what is no such archive.
 */
export function readArchive(zip: Uint8Array, maxBytes: number): ExportedChat[] {
  return Object.values(unpack(zip, maxBytes)).map((file) => {
    const row = parse(file);
    const [id, agentId] = [text(row["chatId"]) ?? "", text(row["agentId"]) ?? ""];
    return { id, agentId, messages: asRows(row["messages"]) };
  });
}

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

function unpack(zip: Uint8Array, maxBytes: number): Record<string, Uint8Array> {
  let [bytes, files] = [0, 0];
  const filter = ({ name, originalSize }: { name: string; originalSize: number }) => {
    if (!name.endsWith(".json")) return false;
    bytes += originalSize;
    if (++files > MAX_FILES || bytes > maxBytes) throw tooLarge(maxBytes);
    return true;
  };
  try {
    return unzipSync(zip, { filter });
  } catch (error) {
    throw AstrocyteError.is(error) ? error : malformed();
  }
}

function parse(file: Uint8Array): Row {
  try {
    return asRow(JSON.parse(new TextDecoder().decode(file)));
  } catch {
    // The parser's message quotes what was said.
    throw malformed();
  }
}

function tooLarge(maxBytes: number): AstrocyteError {
  const message = `[d-id] the export unpacks to more than ${maxBytes} bytes or ${MAX_FILES} files. Raise export_max_bytes.`;
  return new AstrocyteError("payload_too_large", message, { details: { max: maxBytes } });
}

function malformed(): AstrocyteError {
  const message =
    "[d-id] the export is no archive of chats. The API may have changed: see docs/vendors/d-id.md.";
  return new AstrocyteError("vendor_failed", message, { retryable: false });
}

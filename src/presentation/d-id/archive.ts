import { unzipSync } from "fflate";
import { AstrocyteError } from "../../core/errors.ts";
import { asRow, asRows, type Row, text } from "../read.ts";

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

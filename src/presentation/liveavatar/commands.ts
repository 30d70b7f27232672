import { randomUUID } from "node:crypto";
import { AstrocyteError } from "../../core/errors.ts";
import type { SessionCommand, SessionHandle } from "../adapter.ts";
import type { Row } from "../read.ts";
import { TOPICS } from "./events.ts";

/** Bytes of a reliable LiveKit packet that are sure to arrive. */
export const MAX_PACKET_BYTES = 15_360;

/**
 * What the page must send as a reliable data packet: JSON of `payload` on `topic` (web SDK, `publishAgentControl`).
 * Errors: `payload_too_large`; `not_supported` for context, which FULL mode cannot take during a call.
 */
export function commandMessage(_session: SessionHandle, command: SessionCommand): Row {
  const payload = payloadOf(command);
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes <= MAX_PACKET_BYTES) return { topic: TOPICS.send, payload };
  throw new AstrocyteError(
    "payload_too_large",
    `[liveavatar] the message has ${bytes} bytes, the room takes ${MAX_PACKET_BYTES}. Say it in parts.`,
    { details: { bytes, max: MAX_PACKET_BYTES } },
  );
}

function payloadOf(command: SessionCommand): Row {
  switch (command.kind) {
    case "say":
      return { event_id: randomUUID(), event_type: "avatar.speak_text", text: command.text };
    case "respond":
      return { event_id: randomUUID(), event_type: "avatar.speak_response", text: command.text };
    case "interrupt":
      return { event_type: "avatar.interrupt" };
    case "append_context":
      throw new AstrocyteError(
        "not_supported",
        "[liveavatar] no command adds context during a call. Remember it instead: the brain looks memory up each turn.",
      );
  }
}

import { AstrocyteError } from "../../core/errors.ts";
import type { SessionCommand, SessionHandle, ToolResultMessage } from "../adapter.ts";

/** Bytes of one message of the room's data channel; what is longer gets lost without a word (contract §9.2). */
export const MAX_MESSAGE_BYTES = 4096;
const CUT = " […cut]";

/** What the page must send so that the avatar obeys (§10.3). Errors: `payload_too_large`. */
export function commandMessage(session: SessionHandle, command: SessionCommand): Record<string, unknown> {
  const message = envelope(session, ...body(command));
  const bytes = sizeOf(message);
  if (bytes <= MAX_MESSAGE_BYTES) return message;
  throw new AstrocyteError(
    "payload_too_large",
    `[tavus] the message has ${bytes} bytes, the room takes ${MAX_MESSAGE_BYTES}. Say it in parts.`,
    { details: { bytes, max: MAX_MESSAGE_BYTES } },
  );
}

/** A result that is too long is cut and says so: half a result is of use, a lost one leaves the avatar waiting. */
export function toolResultMessage(
  session: SessionHandle,
  result: ToolResultMessage,
): Record<string, unknown> {
  const { toolCallId: tool_call_id, status } = result;
  const make = (output: string) => envelope(session, "tool_result", { tool_call_id, output, status });
  const message = make(result.output);
  let excess = sizeOf(message) - MAX_MESSAGE_BYTES;
  if (excess <= 0) return message;
  let kept = result.output;
  while (excess > 0) {
    // At most four bytes a character, at least one: converges from above in a few steps.
    kept = kept.slice(0, -Math.max(1, Math.ceil(excess / 4))).replace(/[\uD800-\uDBFF]$/, "");
    excess = sizeOf(make(kept + CUT)) - MAX_MESSAGE_BYTES;
  }
  return make(kept + CUT);
}

function body(command: SessionCommand): [name: string, properties?: Record<string, unknown>] {
  switch (command.kind) {
    case "say":
      return ["echo", { modality: "text", text: command.text, done: true }];
    case "respond":
      return ["respond", { text: command.text }];
    case "interrupt":
      return ["interrupt"];
    case "append_context":
      return ["append_llm_context", { context: command.text }];
  }
}

function envelope(
  session: SessionHandle,
  name: string,
  properties?: Record<string, unknown>,
): Record<string, unknown> {
  return {
    message_type: "conversation",
    event_type: `conversation.${name}`,
    conversation_id: session.vendorSessionId,
    ...(properties && { properties }),
  };
}

function sizeOf(message: Record<string, unknown>): number {
  return Buffer.byteLength(JSON.stringify(message));
}

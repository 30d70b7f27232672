import { AstrocyteError } from "../../core/errors.ts";
import type { SessionCommand, SessionHandle, ToolResultMessage } from "../adapter.ts";

/**
 * The message for the conversation's socket (contract §A.10): context without a turn, or words as if the person
 * had typed them. ElevenLabs has no way to speak a given text, or to be silenced.
 */
export function clientInstruction(_session: SessionHandle, command: SessionCommand): Record<string, unknown> {
  if (command.kind === "append_context") return { type: "contextual_update", text: command.text };
  if (command.kind === "respond") return { type: "user_message", text: command.text };
  throw unsupported(command);
}

export function toolResultInstruction(
  _session: SessionHandle,
  { toolCallId, output, status }: ToolResultMessage,
): Record<string, unknown> {
  const is_error = status === "error";
  return { type: "client_tool_result", tool_call_id: toolCallId, result: output, is_error };
}

export function unsupported({ kind }: SessionCommand): AstrocyteError {
  return new AstrocyteError(
    "not_supported",
    `[elevenlabs] an agent cannot be told to ${kind} from here. See docs/vendors/elevenlabs.md.`,
  );
}

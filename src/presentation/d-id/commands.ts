import { AstrocyteError } from "../../core/errors.ts";
import type { SessionCommand } from "../adapter.ts";

/** Bytes of an RPC's answer (contract §2.4), and of any other message of ours to the room. */
export const MAX_MESSAGE_BYTES = 15_360;
/** Characters of a script and of a chat message, in D-ID's own types (§2.5). */
const SAY = { min: 3, max: 40_000 };
const CHAT = { min: 1, max: 2_000 };

/** Text streams that the agent listens to, by what they do (contract §2.5). */
export const TOPICS = { say: "did.speak", respond: "lk.chat", interrupt: "did.interrupt" } as const;

/** What the page must send as a text stream so that the agent obeys. Errors: `payload_too_large`, `invalid_input`. */
export function commandMessage(command: SessionCommand, sentiment?: string): Record<string, unknown> {
  assertLength(command);
  switch (command.kind) {
    case "say": {
      const script = {
        type: "text",
        input: command.text,
        ssml: false,
        should_queue_speaks: false,
        ...(sentiment !== undefined && { sentiment }),
      };
      return textStream(TOPICS.say, JSON.stringify({ script }));
    }
    case "respond":
      return textStream(TOPICS.respond, command.text);
    case "interrupt":
      return textStream(TOPICS.interrupt, "");
    case "append_context":
      throw new AstrocyteError(
        "not_supported",
        "[d-id] D-ID takes no context during a call (contract §2.8). Our brain adds memory to each turn.",
      );
  }
}

/** Errors: `payload_too_large`, `invalid_input` for less than D-ID speaks. */
export function assertLength(command: SessionCommand): void {
  if (command.kind !== "say" && command.kind !== "respond") return;
  const { min, max } = command.kind === "say" ? SAY : CHAT;
  const { length } = command.text;
  if (length > max) throw tooLong(`${length} characters`, `${max}`);
  if (length < min)
    throw new AstrocyteError("invalid_input", `[d-id] the text is too short: D-ID wants ${min} characters.`);
}

function textStream(topic: string, payload: string): Record<string, unknown> {
  const message = { topic, payload, as: "text" };
  const bytes = Buffer.byteLength(payload);
  if (bytes > MAX_MESSAGE_BYTES) throw tooLong(`${bytes} bytes`, `${MAX_MESSAGE_BYTES}`);
  return message;
}

function tooLong(has: string, max: string): AstrocyteError {
  return new AstrocyteError(
    "payload_too_large",
    `[d-id] the text has ${has}, the agent takes ${max}. Say it in parts.`,
  );
}

import { AstrocyteError } from "../../core/errors.ts";
import type { SessionCommand } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import { handleOf, requireAdapter, requireRunning } from "./lookup.ts";

const CAPABILITY = {
  say: "say",
  respond: "respond",
  interrupt: "interrupt",
  append_context: "appendContext",
} as const;

/** Which way a command went. `message` is what the page that asked has to send on the data channel. */
export type CommandOutcome = { via: "server" } | { via: "client"; message?: Record<string, unknown> };

/**
 * Makes the agent say something verbatim, or gives it context silently, or a typed word of the person's. Where
 * the vendor takes commands only from the room, the page is told by a `client_instruction` event and sends it on
 * the data channel; a page that asks itself (`fromPage`) gets the message at once, and nothing is written down.
 * Errors: `not_supported` where the vendor has no such command, and for a person's words that would have to be
 * kept although the person agreed to nothing.
 */
export async function command(
  parts: ComposerParts,
  sessionId: string,
  order: SessionCommand,
  fromPage = false,
): Promise<CommandOutcome> {
  const row = await requireRunning(parts, sessionId);
  const adapter = requireAdapter(parts, row.vendor);
  const side = adapter.capabilities[CAPABILITY[order.kind]];
  if (side === "none") {
    throw new AstrocyteError(
      "not_supported",
      `[sessions] ${row.vendor} cannot ${order.kind}. See \`astrocyte vendors\`.`,
    );
  }
  if (side === "server") {
    await adapter.command!(handleOf(row), order);
    return { via: "server" };
  }
  const message = adapter.clientInstruction!(handleOf(row), order);
  if (fromPage) return { via: "client", message };
  if (order.kind === "respond" && row.consent === "none") {
    throw new AstrocyteError(
      "not_supported",
      "[sessions] nothing that is said may be kept of this session. Let its page ask, with the session's token.",
    );
  }
  const data = { message };
  await parts.store.events.append({ sessionId, at: parts.clock.now(), type: "client_instruction", data });
  return { via: "client" };
}

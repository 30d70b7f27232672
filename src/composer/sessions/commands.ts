import { AstrocyteError } from "../../core/errors.ts";
import type { CommandSide, SessionCommand } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import { handleOf, requireAdapter, requireRunning } from "./lookup.ts";

const CAPABILITY = {
  say: "say",
  respond: "respond",
  interrupt: "interrupt",
  append_context: "appendContext",
} as const;

/**
 * Makes the agent say something verbatim, or gives it context silently. Where the vendor takes commands only
 * from the room, the page is told by a `client_instruction` event and sends it on the data channel.
 * `via` says which way it went. Errors: `not_supported` where the vendor has no such command.
 */
export async function command(
  parts: ComposerParts,
  sessionId: string,
  order: SessionCommand,
): Promise<{ via: Exclude<CommandSide, "none"> }> {
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
  const data = { message };
  await parts.store.events.append({ sessionId, at: parts.clock.now(), type: "client_instruction", data });
  return { via: "client" };
}

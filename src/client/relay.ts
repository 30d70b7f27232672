import type { Gateway } from "./gateway.ts";
import { ClientError, type Host, type ToolCall, type ToolResult } from "./types.ts";

const WAITS_MS = [300, 1_000, 3_000];
/** Answers that a repeat will not change. */
const FINAL = new Set([
  "gone",
  "not_found",
  "unauthenticated",
  "access_denied",
  "invalid_input",
  "not_supported",
]);

/**
 * Carries tool calls from the room to the server and their results back, each call once. The server keeps the
 * answer of a call, so that asking again after a lost connection runs nothing twice.
 */
export function createRelay(
  gateway: Gateway,
  host: Host,
  tell: (call: ToolCall, result: ToolResult | undefined) => void,
): (call: ToolCall) => Promise<void> {
  const seen = new Set<string>();
  return async (call) => {
    if (seen.has(call.toolCallId)) return;
    seen.add(call.toolCallId);
    tell(call, undefined);
    tell(call, await run(gateway, host, call));
  };
}

async function run(gateway: Gateway, host: Host, call: ToolCall): Promise<ToolResult> {
  for (const wait of [...WAITS_MS, undefined]) {
    try {
      return await gateway.callTool(call);
    } catch (error) {
      const final = error instanceof ClientError && FINAL.has(error.code);
      if (final || wait === undefined) break;
      await new Promise<void>((resolve) => host.after(wait, resolve));
    }
  }
  // The agent must not wait for ever; it can say that it did not work.
  return { toolCallId: call.toolCallId, status: "error", output: "The tool could not be reached." };
}

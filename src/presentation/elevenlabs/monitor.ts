import { WebSocket } from "ws";
import type { Clock } from "../../core/clock.ts";
import { AstrocyteError } from "../../core/errors.ts";
import { refusal, segment } from "../vendor-http.ts";

export type MonitorOptions = { baseUrl: string; apiKey: string; timeoutMs: number; clock: Clock };

/** What a running conversation can be told from a server (ElevenLabs's "Real-time monitoring", enterprise). */
export type MonitorCommand =
  | { command_type: "end_call" }
  | { command_type: "contextual_update"; parameters: { contextual_update: string } };

/**
 * Sends one command to a running conversation by its monitoring socket, and closes it. Resolves when the command
 * is on its way. Errors: the `vendor_*` codes; `vendor_not_found` for a conversation that does not run.
 */
export function sendToMonitor(
  { baseUrl, apiKey, timeoutMs, clock }: MonitorOptions,
  conversationId: string,
  command: MonitorCommand,
): Promise<void> {
  const base = baseUrl.replace(/^http/, "ws").replace(/\/+$/, "");
  const url = `${base}/v1/convai/conversations/${segment("elevenlabs", conversationId)}/monitor`;
  const socket = new WebSocket(url, { headers: { "xi-api-key": apiKey } });
  return new Promise<void>((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => fail(late(timeoutMs)));
    const fail = (error: AstrocyteError) => {
      cancel();
      socket.terminate();
      reject(error);
    };
    socket.on("open", () => {
      socket.send(JSON.stringify(command), (error) => {
        if (error) return fail(unreachable());
        cancel();
        socket.close();
        resolve();
      });
    });
    socket.on("unexpected-response", (_request, response) => {
      fail(refusal({ vendor: "elevenlabs" }, "monitoring a conversation", response.statusCode ?? 0, ""));
    });
    socket.on("error", () => fail(unreachable()));
  });
}

function unreachable(): AstrocyteError {
  return new AstrocyteError(
    "vendor_failed",
    "[elevenlabs] the monitoring socket could not be reached. It needs an enterprise plan, `monitoring` in the agent's settings and a key that may write agents.",
  );
}

function late(ms: number): AstrocyteError {
  return new AstrocyteError(
    "vendor_timeout",
    `[elevenlabs] the monitoring socket did not open in ${ms} ms. Try again.`,
  );
}

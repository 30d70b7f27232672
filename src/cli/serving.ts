import { createServer } from "node:net";
import type { Logger } from "../core/telemetry.ts";

/** Structured lines on stderr: standard output is for results. */
export async function gatewayLogger(level: "info" | "warn"): Promise<Logger> {
  const { createLogger } = await import("../server/logger.ts");
  return createLogger(level, process.stderr);
}

export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

const TRIES = 50;

/** The first port from `from` on that nobody listens on. */
export async function freePort(host: string, from: number): Promise<number> {
  for (let port = from; port < from + TRIES; port++) if (await isFree(host, port)) return port;
  return 0;
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

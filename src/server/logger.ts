import { pino } from "pino";
import type { Logger } from "../core/telemetry.ts";

/** From the chattiest to none. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Where keys stand in headers and configurations, should one ever be logged by mistake. */
const KEYS = ["authorization", "api_key", "apiKey", "token", "secret", "key"];

/** One JSON object a line, with the time in ISO 8601; to stdout unless another place is given. */
export function createLogger(level: LogLevel = "info", destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: KEYS.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination ? pino(options, destination) : pino(options);
}

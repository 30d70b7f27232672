import { metrics, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { AstrocyteError } from "./errors.ts";

/** Attributes carry ids, counts and names, never content (see the GenAI semantic conventions). */
export type Attributes = Record<string, string | number | boolean>;

const tracer = trace.getTracer("astrocyte");
export const meter = metrics.getMeter("astrocyte");

/** Runs `work` inside a span; a no-op unless the application registered an OpenTelemetry SDK. */
export async function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      // The code alone: a message might quote what a person said.
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: AstrocyteError.is(error) ? error.code : "internal",
      });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Structured log line; content and keys never go in. The shape of pino and of console. */
export type Logger = {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
};

/** Takes everything and writes nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

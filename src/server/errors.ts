import { STATUS_CODES } from "node:http";
import { AstrocyteError, ERROR_CODES } from "../core/errors.ts";

/** RFC 9457, with our stable code. `errors` names the fields that are wrong. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  retryable: boolean;
  request_id: string;
  errors?: Array<{ pointer: string; detail: string }>;
};

export const PROBLEM_JSON = "application/problem+json; charset=utf-8";

/** The answer to anything that was thrown. What is not ours is told as `internal`, and nothing of it. */
export function problemOf(
  thrown: unknown,
  requestId: string,
): { problem: Problem; headers: Record<string, string> } {
  const error = ownError(thrown);
  const { code, status, retryable, details } = error;
  const errors = details["errors"] as Problem["errors"];
  const retryAfterMs = details["retryAfterMs"];
  return {
    problem: {
      type: `urn:astrocyte:error:${code}`,
      title: STATUS_CODES[status] ?? "Error",
      status,
      detail: error.message,
      code,
      retryable,
      request_id: requestId,
      ...(errors && { errors }),
    },
    headers: {
      "content-type": PROBLEM_JSON,
      ...(typeof retryAfterMs === "number" && { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
      ...(status === 401 && { "www-authenticate": 'Bearer realm="astrocyte"' }),
    },
  };
}

/** True when the message is not one of our own: it may quote anything. */
export function isForeign(thrown: unknown): boolean {
  if (!AstrocyteError.is(thrown)) return !isFrameworkError(thrown);
  return thrown.cause instanceof Error && thrown.cause.message === thrown.message;
}

/** What the log may have of a foreign error: where it happened, not its words. */
export function traceOf(thrown: unknown): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { name: typeof thrown };
  const frames = (thrown.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return { name: thrown.name, frames: frames.slice(0, 12).map((line) => line.trim()) };
}

function ownError(thrown: unknown): AstrocyteError {
  if (isFrameworkError(thrown)) return translated(thrown);
  if (!isForeign(thrown)) return thrown as AstrocyteError;
  const code = AstrocyteError.is(thrown) ? thrown.code : "internal";
  const message = "[gateway] something failed on our side. Try again; quote the request id if it stays.";
  return new AstrocyteError(code, message, { retryable: ERROR_CODES[code].retryable });
}

type FrameworkError = Error & { statusCode: number; code: string };

function isFrameworkError(thrown: unknown): thrown is FrameworkError {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" && code.startsWith("FST_ERR_") && !AstrocyteError.is(thrown);
}

/** Fastify's own words may quote the body. */
function translated({ statusCode }: FrameworkError): AstrocyteError {
  if (statusCode === 413)
    return new AstrocyteError("payload_too_large", "[gateway] the body is too large. Send less at once.");
  if (statusCode === 415)
    return invalid("the body is not JSON. Send it with content-type: application/json.");
  if (statusCode < 500) return invalid("the request cannot be read. Send valid JSON.");
  return new AstrocyteError("internal", "[gateway] the request could not be handled. Try again.");
}

function invalid(what: string): AstrocyteError {
  return new AstrocyteError("invalid_input", `[gateway] ${what}`);
}

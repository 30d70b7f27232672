import { AstrocyteError, type ErrorCode, toAstrocyteError } from "../core/errors.ts";

/** An error as OpenAI's clients read it: `error.type` and `error.code` are strings, `param` may be null. */
export type OpenAiError = {
  error: { message: string; type: string; param: string | null; code: string };
};

const TYPES: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  410: "invalid_request_error",
  413: "invalid_request_error",
  422: "invalid_request_error",
  429: "rate_limit_error",
};

/** Codes that clients know by OpenAI's own names. */
const CODES: Partial<Record<ErrorCode, string>> = {
  unauthenticated: "invalid_api_key",
  gone: "session_ended",
  rate_limited: "rate_limit_exceeded",
  quota_exceeded: "insufficient_quota",
};

/** Status, headers and body of the answer to a failed request. What is not ours is told as `internal`. */
export function openAiError(thrown: unknown): {
  status: number;
  headers: Record<string, string>;
  body: OpenAiError;
} {
  const error = AstrocyteError.is(thrown) ? thrown : internal(thrown);
  const param = typeof error.details["param"] === "string" ? error.details["param"] : null;
  return {
    status: error.status,
    headers: retryHeaders(error),
    body: {
      error: {
        message: error.message,
        type: TYPES[error.status] ?? "server_error",
        param,
        code: CODES[error.code] ?? error.code,
      },
    },
  };
}

/** The same as the last event of a stream that had begun; OpenAI's clients raise it. */
export function errorEvent(thrown: unknown): string {
  return `data: ${JSON.stringify(openAiError(thrown).body)}\n\n`;
}

function internal(thrown: unknown): AstrocyteError {
  // Its message might quote what was said.
  const message = "[brain] the request failed inside the gateway. Try again; the log has the cause.";
  return new AstrocyteError("internal", message, { cause: toAstrocyteError(thrown) });
}

function retryHeaders(error: AstrocyteError): Record<string, string> {
  const ms = error.details["retryAfterMs"];
  if (typeof ms === "number") return { "retry-after": String(Math.max(1, Math.ceil(ms / 1000))) };
  // OpenAI's clients repeat a 409, 429 and 5xx by themselves unless told not to.
  return error.status >= 429 && !error.retryable ? { "x-should-retry": "false" } : {};
}

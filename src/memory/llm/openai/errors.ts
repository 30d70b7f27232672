import { AstrocyteError, type ErrorCode } from "../../../core/errors.ts";
import { type HttpHead, retryAfterMs } from "../../../core/http.ts";

type WireError = { message?: unknown; type?: unknown; code?: unknown };

/** An HTTP answer that is no success, as an error. The provider's own text is left out: it may quote content. */
export function errorFromStatus(head: HttpHead, body: unknown, area: string, now: number): AstrocyteError {
  const { status } = head;
  const wire = wireError(body);
  const [code, text] = judge(status, wire);
  const wait = retryAfterMs(head, now);
  return new AstrocyteError(code, `[${area}] ${text}`, {
    details: { status, ...identifier(wire), ...(wait !== undefined && { retryAfterMs: wait }) },
  });
}

/** An error in the body of a success, e.g. in the middle of a stream. */
export function errorFromBody(body: unknown, area: string): AstrocyteError {
  const wire = wireError(body);
  const status = typeof wire.code === "number" ? wire.code : 500;
  const [code, text] = judge(status, wire);
  return new AstrocyteError(code, `[${area}] ${text}`, { details: identifier(wire) });
}

function judge(status: number, wire: WireError): [ErrorCode, string] {
  if (wire.code === "insufficient_quota") {
    return [
      "llm_failed",
      "The account has no credit left. Add credit at the provider, or use another api_key.",
    ];
  }
  if (isContextLength(status, wire)) {
    return [
      "llm_failed",
      "The messages exceed the model's context. Send less, or use a model with a larger one.",
    ];
  }
  if (status === 401 || status === 403) {
    return ["llm_failed", `The provider refused the key (${status}). Check llm_provider_config.api_key.`];
  }
  if (status === 404) {
    return [
      "llm_failed",
      "The model or the address does not exist. Check llm_provider_config.model, embedding_model and base_url.",
    ];
  }
  if (status === 429) return ["llm_unavailable", "The provider limits the rate (429). Try again later."];
  if (status === 408 || status === 504)
    return ["llm_timeout", `The provider timed out (${status}). Try again.`];
  if (status >= 500) return ["llm_unavailable", `The provider failed (${status}). Try again later.`];
  return [
    "llm_failed",
    `The provider refused the request (${status}). Check llm_provider_config and the options.`,
  ];
}

function isContextLength(status: number, { code, message }: WireError): boolean {
  if (code === "context_length_exceeded") return true;
  const text = typeof message === "string" ? message : "";
  return (
    (status === 400 || status === 413) && /context.{0,12}(length|window|size)|too many tokens/i.test(text)
  );
}

/** The provider's name of the error, when it is one and not prose. */
function identifier({ code, type }: WireError): { providerCode?: string } {
  const name = [code, type].find((value) => typeof value === "string" && /^[\w.-]{1,64}$/.test(value));
  return name ? { providerCode: name as string } : {};
}

function wireError(body: unknown): WireError {
  const error = (body as { error?: unknown } | undefined)?.error;
  if (typeof error === "string") return { message: error };
  return (error ?? {}) as WireError;
}

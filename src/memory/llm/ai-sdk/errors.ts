import { AstrocyteError } from "../../../core/errors.ts";
import { errorFromStatus } from "../openai/errors.ts";

/** What an AI SDK provider throws, as ours. Its message may quote the prompt, so only its facts are kept. */
export function toLlmError(error: unknown, area: string, now: number): AstrocyteError {
  if (AstrocyteError.is(error)) return error;
  const { statusCode, responseHeaders, data, name } = (error ?? {}) as {
    statusCode?: number;
    responseHeaders?: Record<string, string>;
    data?: unknown;
    name?: string;
  };
  if (typeof statusCode === "number" && statusCode >= 400) {
    return errorFromStatus({ status: statusCode, headers: responseHeaders ?? {} }, data, area, now);
  }
  if (name === "AI_LoadAPIKeyError") {
    return new AstrocyteError(
      "llm_failed",
      `[${area}] The provider has no key. Set llm_provider_config.api_key.`,
    );
  }
  const unreachable = name === "AI_APICallError" || error instanceof TypeError;
  return new AstrocyteError(
    unreachable ? "llm_unavailable" : "llm_failed",
    `[${area}] The model's call failed (${name ?? "unknown error"}). Check llm_provider_config and the provider's state.`,
  );
}

import { AstrocyteError } from "../../core/errors.ts";
import type { BrainDialect } from "../adapter.ts";
import { asRow, asRows, type Row, text } from "../read.ts";

/**
 * D-ID's custom LLM (contract §2.3): the exact address is called with `x-api-key`, the request names no model, its
 * messages have a `created_at`, and there are `options`. Streamed answers are OpenAI's chunks.
 */
export const dIdDialect: BrainDialect = {
  request({ messages, options: _context, ...rest }) {
    if (!Array.isArray(messages))
      throw new AstrocyteError("invalid_input", "[d-id] the request has no messages. Send D-ID's own form.");
    return { ...rest, messages: messages.map(plainMessage) };
  },
  answer(completion) {
    const message = asRow(asRows(completion["choices"])[0]?.["message"]);
    return { content: text(message["content"]) ?? "" };
  },
  refusal: (body, status) => ({ error: { ...asRow(body["error"]), status } }),
};

/** What is no object is left for the brain to refuse. */
function plainMessage(message: unknown): unknown {
  if (typeof message !== "object" || message === null) return message;
  const { created_at: _when, ...rest } = message as Row;
  return rest;
}

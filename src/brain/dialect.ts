import { AstrocyteError } from "../core/errors.ts";
import type { BrainDialect, BrainParts } from "./parts.ts";
import { parsed } from "./report.ts";
import { isObject } from "./request.ts";

/** Puts a vendor's requests into OpenAI's form, and whole answers and errors into the vendor's. */
export type OpenDialect = {
  /** The body to serve. Errors: `invalid_input`, `not_found` for a vendor without a dialect. */
  decode(body: Buffer): Buffer;
  encode(status: number, body: Buffer | string): Buffer | string;
};

/** The dialect of a route; a vendor that has none is told so once it has proved who it is. */
export function openDialect({ dialects, dialectModel }: BrainParts, vendor: string): OpenDialect {
  const dialect = dialects?.get(vendor);
  if (!dialect) return { decode: () => unknownDialect(vendor), encode: (_status, body) => body };
  return {
    decode: (body) => Buffer.from(JSON.stringify(withModel(dialect.request(objectIn(body)), dialectModel))),
    encode: (status, body) => encode(dialect, status, body),
  };
}

function withModel(request: Record<string, unknown>, model: string | undefined): Record<string, unknown> {
  return model === undefined || request["model"] !== undefined ? request : { model, ...request };
}

function encode(dialect: BrainDialect, status: number, body: Buffer | string): Buffer | string {
  const json = parsed(body.toString());
  if (!isObject(json)) return body;
  const told = status < 300 ? dialect.answer(json) : (dialect.refusal?.(json, status) ?? json);
  return JSON.stringify(told);
}

function objectIn(body: Buffer): Record<string, unknown> {
  const json = parsed(body.toString("utf8"));
  if (isObject(json)) return json;
  throw new AstrocyteError("invalid_input", "[brain] the body is no JSON object. Send one with `messages`.");
}

function unknownDialect(vendor: string): never {
  const name = vendor.slice(0, 40);
  const message = `[brain] there is no dialect "${name}". Configure the vendor, or use /chat/completions.`;
  throw new AstrocyteError("not_found", message);
}

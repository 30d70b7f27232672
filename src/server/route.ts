import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { AccessDenied, AstrocyteError } from "../core/errors.ts";
import type { AstrocyteContext } from "../memory/types.ts";
import type { Caller } from "./auth/index.ts";

/**
 * Who may call: `principal` an application, `session` also the page of a session, `operator` who runs the
 * gateway, `public` everybody.
 */
export type Access = "public" | "session" | "principal" | "operator";

export type Input<B, Q, P> = {
  body: B;
  query: Q;
  params: P;
  caller: Caller;
  request: FastifyRequest;
  reply: FastifyReply;
};

/** One operation of the HTTP API: what the gateway serves, and what the OpenAPI document says of it. */
export type Route = {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{name}` for parameters. */
  path: string;
  operation: string;
  summary: string;
  tag: string;
  access: Access;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** Of the answer; 200 when absent. */
  status?: number;
  /** JSON of the answer; a name of another content type where it is none. */
  answer?: z.ZodType | string;
  handler(input: Input<never, never, never>): Promise<unknown>;
};

type Output<T> = T extends z.ZodType ? z.output<T> : undefined;

/** Types the handler by the schemas. */
export function route<B, Q, P>(
  definition: Omit<Route, "handler" | "body" | "query" | "params"> & {
    body?: B & z.ZodType;
    query?: Q & z.ZodType;
    params?: P & z.ZodType;
    handler(input: Input<Output<B>, Output<Q>, Output<P>>): Promise<unknown>;
  },
): Route {
  return definition as unknown as Route;
}

/** Checks one part of a request. Errors: `invalid_input` with a JSON pointer for each field that is wrong. */
export function checked(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const errors = result.error.issues.slice(0, 20).map((issue) => ({
    pointer: `/${issue.path.map(String).join("/")}`,
    detail: issue.code === "unrecognized_keys" ? `unknown field: ${issue.keys.join(", ")}` : issue.message,
  }));
  const list = errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; ");
  throw new AstrocyteError("invalid_input", `[gateway] the ${part} is not valid: ${list}. Correct it.`, {
    details: { errors },
  });
}

/** Errors: `access_denied` for a credential of the wrong kind. */
export function assertAccess(access: Access, caller: Caller): void {
  if (access === "session") return;
  if (caller.kind === "session")
    throw new AccessDenied("[auth] a session's token is good for its own session alone. Use an API key.");
  if (access === "operator" && !caller.operator)
    throw new AccessDenied("[auth] this is for operators. Add the principal to server.operators.");
}

/** The rights of an application's request; `assertAccess` has seen to it that it is one. */
export function contextOf(caller: Caller): AstrocyteContext {
  if (caller.kind === "principal") return caller.context;
  throw new AccessDenied("[auth] a session's token has no rights of its own.");
}

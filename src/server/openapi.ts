import { z } from "zod";
import type { Route } from "./route.ts";

type Json = Record<string, unknown>;

const PROBLEM: Json = {
  type: "object",
  required: ["type", "title", "status", "detail", "code", "retryable", "request_id"],
  properties: {
    type: { type: "string", format: "uri" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "What happened, and what to do." },
    code: { type: "string", description: "Stable: match on this." },
    retryable: { type: "boolean" },
    request_id: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["pointer", "detail"],
        properties: { pointer: { type: "string" }, detail: { type: "string" } },
      },
    },
  },
};

/** The API as OpenAPI 3.1, made from the schemas that requests are checked with. */
export function openApiOf(routes: Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: "3.1.0",
    info: {
      title: "Astrocyte gateway",
      version,
      description: "Memory for voice and video agents, and the sessions that it is put in front of.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description: "An API key, or a JWT of the configured issuer.",
        },
        session: { type: "http", scheme: "bearer", description: "The token of one session, for its page." },
      },
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: "What went wrong (RFC 9457).",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  };
}

function operationOf(route: Route): Json {
  const { operation, summary, tag, access, params, query, body, status = 200 } = route;
  const parameters = [...parametersOf(params, "path"), ...parametersOf(query, "query")];
  const schemes = access === "session" ? ["key", "session"] : ["key"];
  return {
    operationId: operation,
    summary,
    tags: [tag],
    ...(access === "operator" && { description: "For principals of `server.operators`." }),
    security: access === "public" ? [] : schemes.map((scheme) => ({ [scheme]: [] })),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: isRequired(body), content: jsonContent(body, "input") } }),
    responses: {
      [status]: { description: "Done.", ...answerOf(route) },
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function answerOf({ answer }: Route): Json {
  if (answer === undefined) return {};
  if (typeof answer === "string") return { content: { [answer]: { schema: { type: "string" } } } };
  return { content: jsonContent(answer, "output") };
}

function jsonContent(schema: z.ZodType, io: "input" | "output"): Json {
  return { "application/json": { schema: jsonSchema(schema, io) } };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}

function parametersOf(schema: z.ZodType | undefined, place: "path" | "query"): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    // What is read from text has no type of its own before it is read.
    schema: Object.keys(property).length === 0 ? { type: "string" } : property,
  }));
}

function isRequired(body: z.ZodType): boolean {
  return !body.safeParse({}).success;
}

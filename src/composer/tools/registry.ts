import { z } from "zod";
import { AstrocyteError } from "../../core/errors.ts";
import type { HttpClient } from "../../core/http.ts";
import { duration, parseConfig } from "../parse.ts";
import { validator } from "./arguments.ts";
import { BUILT_IN } from "./builtin.ts";
import type { ToolDefinition } from "./definitions.ts";
import { httpTool } from "./http.ts";

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/;

const tool = z.strictObject({
  description: z.string().min(1),
  parameters: z.record(z.string(), z.unknown()).default({ type: "object", properties: {} }),
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("POST"),
  headers: z.record(z.string(), z.string()).default({}),
  result: z.enum(["speak", "silent"]).default("speak"),
  delivery: z.enum(["client", "server"]).default("client"),
  confirm: z.boolean().default(false),
  timeout: duration.optional(),
});

/** `tools:` of the configuration file: an HTTP endpoint a name. */
export const toolsSchema = z.record(
  z.string().regex(NAME, "is no tool name: letters, digits and _ (64 at most)"),
  tool,
);

/** All tools by name: the built-in ones, those of the configuration, those given in code. */
export function createTools(
  raw: unknown,
  http: HttpClient,
  own: ToolDefinition[] = [],
): ReadonlyMap<string, ToolDefinition> {
  const configured = Object.entries(parseConfig(toolsSchema, raw ?? {}, "tools")).map(
    ([name, { timeout, ...rest }]) =>
      httpTool({ name, ...rest, ...(timeout !== undefined && { timeoutMs: timeout }) }, http),
  );
  const tools = new Map<string, ToolDefinition>();
  for (const definition of [...BUILT_IN, ...configured, ...own]) {
    if (tools.has(definition.name)) throw twice(definition.name);
    validator(definition);
    tools.set(definition.name, definition);
  }
  return tools;
}

function twice(name: string): AstrocyteError {
  return new AstrocyteError(
    "config_invalid",
    `[tools] ${name} is defined twice. Rename one; remember, recall, forget_last and end_call are built in.`,
  );
}

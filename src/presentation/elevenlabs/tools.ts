import type { Binding, VendorTool } from "../adapter.ts";
import { asRow, type Row, text } from "../read.ts";
import type { ElevenLabsConfig, ElevenLabsPersona } from "./config.ts";

/** ElevenLabs hangs up by itself when the model calls this one: no page can keep the call open. */
export const END_CALL = "end_call";
/** Header of the session's tool secret: ElevenLabs signs nothing (contract §A.9). */
export const TOOL_SECRET_HEADER = "x-astrocyte-tool-secret";
/** What a tool's request carries besides the model's arguments. */
export const OURS = {
  tool: "astrocyte_tool",
  conversation: "astrocyte_conversation",
  time: "astrocyte_time",
};
/** Placeholder by which a tool is known as ours: names are the model's, and need not be unique. */
export const MARKER_VARIABLE = "astrocyte_marker";

type ToolInput = {
  config: ElevenLabsConfig;
  block: ElevenLabsPersona;
  binding: Binding;
  /** The stored secret of the session's tool key; set where a tool is `server`. */
  secretId: string | undefined;
};

/** A tool of the workspace (§A.9). The person's page runs a `client` one, our gateway a `server` one. */
export function toolBody(tool: VendorTool, { config, block, binding, secretId }: ToolInput): Row {
  const { name, description, result, delivery } = tool;
  const common = {
    name,
    description,
    response_timeout_secs: config.tool_timeout_secs,
    pre_tool_speech: block.pre_tool_speech,
    // What is only to join the context must not hold the talk up.
    execution_mode: result === "silent" ? "async" : "immediate",
    dynamic_variables: { dynamic_variable_placeholders: { [MARKER_VARIABLE]: binding.marker } },
  };
  if (delivery === "client") {
    const parameters = objectSchema(tool.parameters);
    return { tool_config: { type: "client", ...common, parameters, expects_response: true } };
  }
  const headers = secretId === undefined ? {} : { [TOOL_SECRET_HEADER]: { secret_id: secretId } };
  const api = {
    url: binding.tools.url,
    method: "POST",
    request_headers: headers,
    request_body_schema: requestSchema(tool),
  };
  return { tool_config: { type: "webhook", ...common, api_schema: api } };
}

/** Constants and system variables tell one call from another; the model sees none of them. */
function requestSchema(tool: VendorTool): Row {
  const { properties, ...schema } = objectSchema(tool.parameters);
  const own = {
    [OURS.tool]: { type: "string", constant_value: tool.name },
    [OURS.conversation]: { type: "string", dynamic_variable: "system__conversation_id" },
    [OURS.time]: { type: "string", dynamic_variable: "system__time_utc" },
  };
  const required = [...(Array.isArray(schema["required"]) ? schema["required"] : []), ...Object.keys(own)];
  return { ...schema, properties: { ...asRow(properties), ...own }, required };
}

export function endCallTool(tools: VendorTool[]): Row | undefined {
  const tool = tools.find(({ name }) => name === END_CALL);
  if (!tool) return undefined;
  const { description } = tool;
  return { type: "system", name: END_CALL, description, params: { system_tool_type: END_CALL } };
}

const LITERALS = ["string", "boolean", "integer", "number"];

/** The part of JSON Schema that ElevenLabs takes. Bounds are left out: the gateway checks arguments itself. */
function objectSchema(schema: Row): Row {
  const properties = Object.entries(asRow(schema["properties"]));
  return {
    type: "object",
    ...describe(schema),
    properties: Object.fromEntries(properties.map(([name, value]) => [name, property(name, asRow(value))])),
    required: Array.isArray(schema["required"]) ? schema["required"] : [],
  };
}

function property(name: string, schema: Row): Row {
  if (schema["type"] === "object") return { description: name, ...objectSchema(schema) };
  const description = text(schema["description"]) ?? name;
  if (schema["type"] === "array")
    return { type: "array", description, items: property(name, asRow(schema["items"])) };
  const options = Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
  if (options === undefined) return { type: schema["type"], description };
  // Only texts can be listed.
  if (schema["type"] === "string") return { type: "string", description, enum: options };
  return { type: schema["type"], description: `${description} (one of ${options.join(", ")})` };
}

function describe(schema: Row): Row {
  const description = text(schema["description"]);
  return description === undefined ? {} : { description };
}

/** What of a tool does not fit, each a sentence. */
export function toolProblems({ name, parameters }: VendorTool): string[] {
  const ours = Object.keys(asRow(parameters["properties"])).filter((each) =>
    Object.values(OURS).includes(each),
  );
  return [
    ...(/^[a-zA-Z0-9_-]{1,64}$/.test(name) ? [] : ["needs a name of at most 64 letters, digits, _ and -"]),
    ...ours.map((each) => `has a parameter ${each}, a name that Astrocyte uses: rename it`),
    ...schemaProblems({ type: "object", ...parameters }, "parameters"),
  ];
}

function schemaProblems(schema: Row, at: string): string[] {
  const { type } = schema;
  if (type === "object") {
    const properties = Object.entries(asRow(schema["properties"]));
    return properties.flatMap(([name, value]) => schemaProblems(asRow(value), `${at}.${name}`));
  }
  if (type === "array") return schemaProblems(asRow(schema["items"]), `${at}[]`);
  if (LITERALS.includes(String(type))) return [];
  return [`needs one plain type at ${at}: ElevenLabs has string, boolean, integer, number, object and array`];
}

import { asRow } from "../read.ts";
import { partsOf, type Row, type World } from "./simulator-world.ts";

export type Problem = { loc: string[]; msg: string };

/** What of an agent ElevenLabs refuses (contract §A.7). */
export function agentProblem(world: World, body: Row): Problem | undefined {
  const at = ["conversation_config", "agent"];
  const agent = { id: "", body, createdAt: 0 };
  const { agent: config, prompt } = partsOf(agent);
  if (body["conversation_config"] === undefined)
    return { loc: ["conversation_config"], msg: "field required" };
  if ("llm" in config || "custom_llm" in config) return { loc: at, msg: "llm belongs under prompt" };
  const llm = asRow(prompt["custom_llm"]);
  if (prompt["llm"] === "custom-llm" && !URL.canParse(String(llm["url"])))
    return { loc: [...at, "prompt", "custom_llm", "url"], msg: "custom-llm needs a url" };
  const secret = asRow(llm["api_key"])["secret_id"];
  if (secret !== undefined && !world.secrets.has(String(secret)))
    return { loc: [...at, "prompt", "custom_llm", "api_key"], msg: "unknown secret" };
  const unknown = list(prompt["tool_ids"]).find((id) => !world.tools.has(String(id)));
  if (unknown !== undefined) return { loc: [...at, "prompt", "tool_ids"], msg: "unknown tool" };
  return voiceProblem(body, String(config["language"] ?? "en"));
}

/** English has models of its own; others need the ones of version 2.5. */
function voiceProblem(body: Row, language: string): Problem | undefined {
  const tts = asRow(asRow(body["conversation_config"])["tts"]);
  const model = String(tts["model_id"] ?? "eleven_turbo_v2");
  const multilingual = !["eleven_turbo_v2", "eleven_flash_v2"].includes(model);
  if (language !== "en" && !multilingual)
    return {
      loc: ["conversation_config", "tts", "model_id"],
      msg: "Non-english agents must use v2_5 models",
    };
  return undefined;
}

/** What of a tool ElevenLabs refuses (§A.9). */
export function toolProblem(world: World, config: Row): Problem | undefined {
  const { type, name, description, response_timeout_secs: timeout = 20 } = config;
  const at = (field: string, msg: string) => ({ loc: ["tool_config", String(type), field], msg });
  if (type !== "client" && type !== "webhook") return at("type", "unknown type");
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(String(name))) return at("name", "does not match the pattern");
  if (typeof description !== "string") return at("description", "field required");
  if (Number(timeout) < (type === "client" ? 1 : 5) || Number(timeout) > (type === "client" ? 120 : 300))
    return at("response_timeout_secs", "out of range");
  if (type === "client") return schemaProblem(asRow(config["parameters"]), ["tool_config", "parameters"]);
  const api = asRow(config["api_schema"]);
  if (!URL.canParse(String(api["url"]))) return at("api_schema", "url is required");
  for (const value of Object.values(asRow(api["request_headers"]))) {
    const { secret_id } = asRow(value);
    if (secret_id !== undefined && !world.secrets.has(String(secret_id)))
      return at("api_schema", "unknown secret");
  }
  return schemaProblem(asRow(api["request_body_schema"]), [
    "tool_config",
    "api_schema",
    "request_body_schema",
  ]);
}

/** Each plain value comes from exactly one place: the model, a constant, a variable. */
function schemaProblem(schema: Row, loc: string[]): Problem | undefined {
  const { type } = schema;
  if (type === "object") {
    for (const [name, value] of Object.entries(asRow(schema["properties"]))) {
      const problem = schemaProblem(asRow(value), [...loc, name]);
      if (problem) return problem;
    }
    return undefined;
  }
  if (type === "array") return schemaProblem(asRow(schema["items"]), [...loc, "items"]);
  if (!["string", "boolean", "integer", "number"].includes(String(type))) return { loc, msg: "unknown type" };
  const sources = ["description", "constant_value", "dynamic_variable"].filter((each) => each in schema);
  return sources.length === 1
    ? undefined
    : { loc, msg: "needs one of description, constant_value, dynamic_variable" };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

import { asRow } from "../read.ts";
import { askCustomLlm, openAiSlot, type SimulatedThought } from "../simulator-llm.ts";
import { partsOf, type Row, type SimConversation, type World } from "./simulator-world.ts";

export type LlmFailure = "llm_timeout" | "custom_llm_error" | "aborted";

/**
 * Asks the agent's custom model as ElevenLabs does (contract §A.8): `POST {url}/chat/completions`, streamed.
 * Silence for too long is `llm_timeout`.
 */
export async function askLlm(
  world: World,
  conversation: SimConversation,
  onText: (piece: string) => void,
): Promise<SimulatedThought | LlmFailure> {
  const { prompt } = partsOf(conversation.agent);
  const llm = asRow(prompt["custom_llm"]);
  if (prompt["llm"] !== "custom-llm") return { text: "I see.", toolCalls: [] };
  const controller = new AbortController();
  conversation.asking = controller;
  let late = false;
  const cancel = world.clock.after(world.timing.llm, () => {
    late = true;
    controller.abort();
  });
  const secret = world.secrets.get(String(asRow(llm["api_key"])["secret_id"]));
  const slot = openAiSlot(llm["url"], secret?.value ?? "", llm["request_headers"]);
  try {
    return await askCustomLlm(
      world.llmRequests,
      { ...slot, body: requestBody(world, conversation) },
      {
        signal: controller.signal,
        onText(piece) {
          cancel();
          onText(piece);
        },
      },
    );
  } catch {
    return late ? "llm_timeout" : controller.signal.aborted ? "aborted" : "custom_llm_error";
  } finally {
    cancel();
  }
}

function requestBody(world: World, conversation: SimConversation): Row {
  const { prompt } = partsOf(conversation.agent);
  const extra = conversation.initiation["custom_llm_extra_body"];
  const tools = toolsOf(world, conversation);
  return {
    messages: [
      { role: "system", content: fill(String(prompt["prompt"] ?? ""), conversation.variables) },
      ...conversation.history,
    ],
    model: asRow(prompt["custom_llm"])["model_id"],
    temperature: prompt["temperature"] ?? 0,
    max_tokens: 1000,
    stream: true,
    ...(tools.length > 0 && { tools }),
    ...(conversation.initiation["user_id"] !== undefined && { user_id: conversation.initiation["user_id"] }),
    ...(extra !== undefined && { elevenlabs_extra_body: extra }),
  };
}

/** System tools and the agent's own, as functions. */
function toolsOf(world: World, { agent }: SimConversation): Row[] {
  const { prompt } = partsOf(agent);
  const system = Object.values(asRow(prompt["built_in_tools"]))
    .filter((tool) => tool !== null)
    .map((tool) =>
      functionOf(String(asRow(tool)["name"]), String(asRow(tool)["description"]), NO_PARAMETERS),
    );
  const own = attachedTools(world, agent.body).map(({ config }) => {
    const schema =
      config["type"] === "client" ? config["parameters"] : asRow(config["api_schema"])["request_body_schema"];
    return functionOf(String(config["name"]), String(config["description"]), forModel(asRow(schema)));
  });
  return [...system, ...own];
}

const NO_PARAMETERS = { type: "object", properties: {} };

function functionOf(name: string, description: string, parameters: Row): Row {
  return { type: "function", function: { name, description, parameters } };
}

export function attachedTools(world: World, agent: Row) {
  const ids = partsOf({ id: "", body: agent, createdAt: 0 }).prompt["tool_ids"];
  return (Array.isArray(ids) ? ids : []).flatMap((id) => world.tools.get(String(id)) ?? []);
}

/** What constants and variables fill in is not the model's business. */
function forModel(schema: Row): Row {
  const properties = Object.entries(asRow(schema["properties"])).filter(
    ([, value]) => !("constant_value" in asRow(value)) && !("dynamic_variable" in asRow(value)),
  );
  const names = new Set(properties.map(([name]) => name));
  const required = (Array.isArray(schema["required"]) ? schema["required"] : []).filter((name) =>
    names.has(name),
  );
  return { type: "object", properties: Object.fromEntries(properties), required };
}

/** `{{name}}` in a text. */
export function fill(text: string, variables: Row): string {
  return text.replace(/\{\{\s*([\w-]+)\s*\}\}/g, (_, name) => String(variables[name] ?? ""));
}

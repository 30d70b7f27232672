import { askCustomLlm, type SimulatedThought } from "../simulator-llm.ts";
import type { Row, Thought, World } from "./simulator-world.ts";

/**
 * Asks an agent's model. A custom one is called at exactly its address with `x-api-key`, messages with `created_at`,
 * `options` and `stream`, and no model (contract §2.3). Throws when it gave no answer.
 */
export async function think(world: World, agent: Row, said: Row[], tools: Row[]): Promise<Thought> {
  const llm = (agent["llm"] ?? {}) as Row;
  const created_at = new Date(world.clock.now()).toISOString();
  const system = { role: "system", content: String(llm["instructions"] ?? ""), created_at };
  const custom = llm["custom"] as Row | undefined;
  if (llm["provider"] !== "custom" || !custom) return world.think([system, ...said], tools);
  const max = custom["max_messages"];
  const kept = typeof max === "number" ? said.slice(-max) : said;
  const stream = custom["streaming"] === true;
  const body = {
    messages: [system, ...kept],
    options: {},
    stream,
    ...(world.faults.toolsToCustomLlm && tools.length > 0 && { tools: tools.map(openAiTool) }),
  };
  const headers = {
    "content-type": "application/json",
    "x-api-key": String(custom["key"] ?? custom["api_key"]),
    ...(custom["headers"] as Record<string, string> | undefined),
  };
  const request = { url: String(custom["url"]), headers, body };
  return askCustomLlm(world.llmRequests, request, stream ? {} : { read: readWhole });
}

async function readWhole(answer: Response): Promise<SimulatedThought> {
  const { content } = (await answer.json()) as { content?: unknown };
  if (typeof content !== "string") throw new Error("the custom model's answer has no content");
  return { text: content, toolCalls: [] };
}

function openAiTool({ name, description, schema }: Row): Row {
  return {
    type: "function",
    function: { name, description, parameters: (schema as Row | undefined)?.["parameters"] },
  };
}

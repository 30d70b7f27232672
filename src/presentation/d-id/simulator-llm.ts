import { readSse } from "../../core/sse.ts";
import type { LlmRequest, Row, Thought, ToolCall, World } from "./simulator-world.ts";

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
  const key = String(custom["key"] ?? custom["api_key"]);
  const headers = { "content-type": "application/json", "x-api-key": key, ...(custom["headers"] as Row) };
  return ask(world, { url: String(custom["url"]), headers, body, outcome: "running" }, stream);
}

async function ask(world: World, record: LlmRequest, stream: boolean): Promise<Thought> {
  world.llmRequests.push(record);
  const { url, headers, body } = record;
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: headers as Record<string, string>,
      body: JSON.stringify(body),
    });
    if (!answer.ok || !answer.body) throw new Error(`the custom model answered ${answer.status}`);
    const thought = stream ? await readStream(answer.body) : await readWhole(answer);
    record.outcome = "answered";
    return thought;
  } catch (error) {
    record.outcome = "failed";
    throw error;
  }
}

async function readWhole(answer: Response): Promise<Thought> {
  const { content } = (await answer.json()) as { content?: unknown };
  if (typeof content !== "string") throw new Error("the custom model's answer has no content");
  return { text: content };
}

type Delta = {
  content?: string | null;
  tool_calls?: Array<{ index: number; id?: string; function?: { name?: string; arguments?: string } }>;
};

async function readStream(body: AsyncIterable<Uint8Array>): Promise<Thought> {
  let text = "";
  const toolCalls: ToolCall[] = [];
  for await (const { data } of readSse(body)) {
    if (data === "[DONE]") break;
    const chunk = JSON.parse(data) as { error?: unknown; choices?: Array<{ delta?: Delta }> };
    if (chunk.error) throw new Error("the custom model broke off");
    const delta = chunk.choices?.[0]?.delta;
    text += delta?.content ?? "";
    for (const part of delta?.tool_calls ?? []) {
      const call = (toolCalls[part.index] ??= { id: "", name: "", arguments: "" });
      call.id += part.id ?? "";
      call.name += part.function?.name ?? "";
      call.arguments += part.function?.arguments ?? "";
    }
  }
  return { text, toolCalls };
}

function openAiTool({ name, description, schema }: Row): Row {
  return {
    type: "function",
    function: { name, description, parameters: (schema as Row | undefined)?.["parameters"] },
  };
}

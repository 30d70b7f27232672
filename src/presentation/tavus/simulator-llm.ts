import { readSse } from "../../core/sse.ts";
import type { LlmRequest, Row, SimConversation, World } from "./simulator-world.ts";

export type LlmAnswer = { text: string; toolCalls: ToolCall[] };
export type ToolCall = { id: string; name: string; arguments: string };

const BOILERPLATE =
  'You are in a live video conference call with a user. Keep replies short. You may use tags such as <emotion value="content"/>.';
const PERCEPTION =
  "<user_appearance>A person at a desk.</user_appearance> <user_emotions>Calm.</user_emotions> <user_screenshare></user_screenshare>";

/**
 * Asks the PAL's custom model as Tavus does (contract §12): `POST {base_url}/chat/completions`, streamed.
 * `undefined` when it gave no answer or was abandoned.
 */
export async function askLlm(
  world: World,
  conversation: SimConversation,
  said: Row[],
  signal?: AbortSignal,
): Promise<LlmAnswer | undefined> {
  const llm = layer(conversation, "llm");
  if (typeof llm["base_url"] !== "string") return { text: "I see.", toolCalls: [] };
  const url = `${llm["base_url"].replace(/\/+$/, "")}/chat/completions`;
  const headers = {
    authorization: `Bearer ${String(llm["api_key"] ?? "")}`,
    "content-type": "application/json",
    ...(llm["headers"] as Record<string, string> | undefined),
  };
  const body = requestBody(world, conversation, said);
  const record: LlmRequest = { url, headers, body, conversationId: conversation.id, outcome: "running" };
  world.llmRequests.push(record);
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
    if (!answer.ok || !answer.body) throw new Error(`the model answered ${answer.status}`);
    const read = await readAnswer(answer.body);
    record.outcome = "answered";
    return read;
  } catch {
    record.outcome = signal?.aborted ? "abandoned" : "failed";
    return undefined;
  }
}

function requestBody(world: World, conversation: SimConversation, said: Row[]): Row {
  const llm = layer(conversation, "llm");
  const prompt = String(conversation.pal?.body["system_prompt"] ?? "");
  const system = [prompt, conversation.context, BOILERPLATE].filter((part) => part !== "").join("\n\n");
  const perceives = layer(conversation, "perception")["perception_model"] !== "off";
  const tools = attachedTools(world, conversation).map(({ name, description, parameters }) => ({
    type: "function",
    function: { name, description, parameters },
  }));
  return {
    model: llm["model"],
    stream: true,
    messages: [
      { role: "system", content: system },
      ...(perceives ? [{ role: "system", content: PERCEPTION }] : []),
      ...conversation.history,
      ...said,
    ],
    ...(tools.length > 0 && { tools }),
    ...(llm["extra_body"] as Row | undefined),
  };
}

export function userMessage(conversation: SimConversation, text: string): Row {
  const perceives = layer(conversation, "perception")["perception_model"] !== "off";
  const heard = perceives ? "<user_audio_analysis>The user sounded calm</user_audio_analysis>\n" : "";
  return { role: "user", content: heard + text };
}

export function attachedTools(world: World, { pal }: SimConversation) {
  return (pal?.toolIds ?? []).flatMap((id) => world.tools.get(id) ?? []);
}

function layer({ pal }: SimConversation, name: string): Row {
  const layers = pal?.body["layers"] as Record<string, Row> | undefined;
  return layers?.[name] ?? {};
}

async function readAnswer(body: AsyncIterable<Uint8Array>): Promise<LlmAnswer> {
  let text = "";
  const calls: ToolCall[] = [];
  for await (const { data } of readSse(body)) {
    if (data === "[DONE]") break;
    const chunk = JSON.parse(data) as { choices?: Array<{ delta?: Delta }> };
    const delta = chunk.choices?.[0]?.delta;
    text += delta?.content ?? "";
    for (const part of delta?.tool_calls ?? []) {
      const call = (calls[part.index] ??= { id: "", name: "", arguments: "" });
      call.id += part.id ?? "";
      call.name += part.function?.name ?? "";
      call.arguments += part.function?.arguments ?? "";
    }
  }
  return { text, toolCalls: calls };
}

type Delta = {
  content?: string | null;
  tool_calls?: Array<{ index: number; id?: string; function?: { name?: string; arguments?: string } }>;
};

import { askCustomLlm, openAiSlot, type SimulatedThought } from "../simulator-llm.ts";
import type { Row, SimConversation, World } from "./simulator-world.ts";

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
): Promise<SimulatedThought | undefined> {
  const llm = layer(conversation, "llm");
  if (typeof llm["base_url"] !== "string") return { text: "I see.", toolCalls: [] };
  const slot = openAiSlot(llm["base_url"], llm["api_key"] ?? "", llm["headers"]);
  const request = { ...slot, body: requestBody(world, conversation, said) };
  return askCustomLlm(world.llmRequests, request, { signal }).catch(() => undefined);
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

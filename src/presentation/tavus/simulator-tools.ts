import { createHmac } from "node:crypto";
import type { CompletionToolCall } from "../brain-call.ts";
import { track } from "../simulator-server.ts";
import { attachedTools } from "./simulator-llm.ts";
import { broadcast, transcriptRow } from "./simulator-messages.ts";
import { answerFromResult, speak } from "./simulator-replica.ts";
import { nextId, type Row, type SimConversation, type SimTool, type World } from "./simulator-world.ts";

/** Sends each call where its tool says: to the room, or signed to the tool's API (contract §9). */
export async function callTools(
  world: World,
  conversation: SimConversation,
  calls: CompletionToolCall[],
  inference_id: string,
): Promise<void> {
  for (const call of calls) {
    const tool = attachedTools(world, conversation).find(({ name }) => name === call.name);
    if (!tool) continue;
    const id = call.id || nextId(world, "call_");
    const made = { id, type: "function", function: { name: call.name, arguments: call.arguments } };
    const asked: Row = { role: "assistant", content: "", tool_calls: [made] };
    conversation.transcript.push(transcriptRow(world, conversation, asked), {
      role: "tool",
      tool_call_id: id,
      content: "dispatched",
    });
    const properties = { name: call.name, arguments: call.arguments, tool_call_id: id };
    const api = (tool["delivery"] as Row | undefined)?.["api"] as Row | undefined;
    if (api) {
      const result = await deliver(world, api, { ...properties, conversation_id: conversation.id });
      await resolve(world, conversation, tool, asked, id, result);
    } else {
      conversation.waiting.set(id, { tool, call: asked });
      broadcast(world, conversation, "conversation.tool_call", {
        inference_id,
        turn_idx: conversation.turnIdx,
        properties,
      });
    }
  }
}

/** A result from the page: the first one counts. */
export function takeResult(world: World, conversation: SimConversation, properties: Row): void {
  const id = String(properties["tool_call_id"]);
  const waiting = conversation.waiting.get(id);
  if (!waiting) return;
  conversation.waiting.delete(id);
  const { output } = properties;
  const text = typeof output === "string" ? output : JSON.stringify(output);
  track(world, resolve(world, conversation, waiting.tool, waiting.call, id, text));
}

/** One retry on 5xx, none on 4xx; any 2xx body is the result (§9.3). */
async function deliver(world: World, api: Row, payload: Row): Promise<string> {
  const body = JSON.stringify(payload);
  const auth = api["auth"] as Row | undefined;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (auth?.["type"] === "hmac") {
    headers["x-tavus-signature"] = createHmac("sha256", String(auth["secret"])).update(body).digest("hex");
  }
  for (let tries = 2; tries > 0; tries--) {
    const url = String(api["url"]);
    const answer = await fetch(url, { method: String(api["method"] ?? "POST"), headers, body }).catch(
      () => undefined,
    );
    const text = (await answer?.text().catch(() => "")) ?? "";
    world.toolDeliveries.push({ url, body: payload, status: answer?.status ?? 0 });
    if (answer?.ok) return text;
    if (answer && answer.status < 500) break;
  }
  return "The tool failed.";
}

async function resolve(
  world: World,
  conversation: SimConversation,
  tool: SimTool,
  call: Row,
  id: string,
  output: string,
): Promise<void> {
  if (conversation.status === "ended") return;
  conversation.transcript.push({ role: "tool", tool_call_id: `${id}_result`, content: output });
  const said = [call, { role: "tool", tool_call_id: id, content: output }];
  switch (tool["on_resolve"] ?? "fire_and_forget") {
    case "generate_response":
      return answerFromResult(world, conversation, said);
    case "response_in_result":
      return speak(world, conversation, output, nextId(world, "inf-"));
    case "add_to_context":
      conversation.history.push(...said);
  }
}

import { AstrocyteError } from "../core/errors.ts";
import type { CompleteOptions, ContentPart, Message, ToolCall, ToolSpec } from "../memory/llm/provider.ts";
import { type ChatMessage, type ChatPart, type ChatRequest, isObject, isSystem, textOf } from "./request.ts";

/** A chat-completions request in the terms of the LLM Provider SPI. Errors: `not_supported` for what it cannot say. */

const CANNOT = ["logprobs", "top_logprobs", "audio", "functions", "function_call"];

export function toMessages(messages: ChatMessage[]): Message[] {
  return messages.map((message) => {
    if (isSystem(message)) return { role: "system", content: textOf(message) };
    if (message.role === "assistant") return assistant(message);
    if (message.role === "tool")
      return { role: "tool", content: textOf(message), toolCallId: String(message["tool_call_id"] ?? "") };
    return { role: "user", content: userContent(message) };
  });
}

export function toOptions({ fields }: ChatRequest): CompleteOptions {
  refuseUnsupported(fields);
  const { temperature, stop, response_format: format } = fields;
  const maxTokens = fields["max_completion_tokens"] ?? fields["max_tokens"];
  const tools = fields["tool_choice"] === "none" ? [] : toTools(fields["tools"]);
  return {
    ...(typeof maxTokens === "number" && maxTokens > 0 && { maxTokens }),
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof stop === "string" && { stop: [stop] }),
    ...(Array.isArray(stop) && { stop: stop.filter((each) => typeof each === "string") }),
    ...(tools.length > 0 && { tools }),
    ...(isObject(format) && format["type"] === "json_object" && { json: true }),
  };
}

export function toTools(tools: unknown): ToolSpec[] {
  if (!Array.isArray(tools)) return [];
  return tools.map((tool) => {
    const spec = isObject(tool) ? tool["function"] : undefined;
    if (!isObject(spec) || typeof spec["name"] !== "string")
      throw unsupported("tools", "other than functions");
    const parameters = isObject(spec["parameters"]) ? spec["parameters"] : { type: "object", properties: {} };
    return { name: spec["name"], description: String(spec["description"] ?? ""), parameters };
  });
}

function assistant(message: ChatMessage): Message {
  const calls: unknown[] = Array.isArray(message["tool_calls"]) ? message["tool_calls"] : [];
  const toolCalls = calls.filter(isObject).map(toToolCall);
  return { role: "assistant", content: textOf(message), ...(toolCalls.length > 0 && { toolCalls }) };
}

function toToolCall(call: Record<string, unknown>): ToolCall {
  const spec = isObject(call["function"]) ? call["function"] : {};
  return {
    id: String(call["id"] ?? ""),
    name: String(spec["name"] ?? ""),
    arguments: String(spec["arguments"] ?? "{}"),
  };
}

function userContent(message: ChatMessage): string | ContentPart[] {
  return Array.isArray(message.content) ? message.content.map(toPart) : textOf(message);
}

function toPart(part: ChatPart): ContentPart {
  if (part.type === "text") return { type: "text", text: part.text ?? "" };
  if (part.type === "image_url" && isObject(part["image_url"])) return image(part["image_url"]);
  if (part.type === "input_audio" && isObject(part["input_audio"])) {
    const { data, format } = part["input_audio"];
    return { type: "audio_base64", mimeType: `audio/${String(format)}`, base64Data: String(data) };
  }
  throw unsupported("messages", `of content type ${String(part.type)}`);
}

function image(image: Record<string, unknown>): ContentPart {
  const url = String(image["url"] ?? "");
  const [, mimeType, base64Data] = /^data:([^;,]{1,100});base64,(.*)$/s.exec(url) ?? [];
  if (mimeType && base64Data !== undefined) return { type: "image_base64", mimeType, base64Data };
  const { detail } = image;
  const known = detail === "auto" || detail === "low" || detail === "high";
  return { type: "image_url", url, ...(known && { detail }) };
}

/** What would change the shape of the answer is refused; hints to sampling are left to the model. */
function refuseUnsupported(fields: Record<string, unknown>): void {
  for (const field of CANNOT) if (fields[field]) throw unsupported(field);
  if (typeof fields["n"] === "number" && fields["n"] > 1) throw unsupported("n", "above 1");
  const { response_format: format, tool_choice: choice } = fields;
  if (isObject(format) && format["type"] === "json_schema")
    throw unsupported("response_format", "json_schema");
  if (choice === "required" || isObject(choice)) throw unsupported("tool_choice", "that forces a tool");
}

function unsupported(param: string, what = ""): AstrocyteError {
  const message = `[brain] the configured model cannot take \`${param}\` ${what}. Leave it out, or use an OpenAI-compatible upstream.`;
  return new AstrocyteError("not_supported", message.replace("  ", " "), { details: { param } });
}

import { textOf } from "../modalities.ts";
import type { CompleteOptions, ContentPart, Message } from "../provider.ts";
import type { AiCallOptions, AiFile, AiMessage, AiText } from "./spec.ts";

/** Our messages and options as a call of the AI SDK's model. */
export function toCall(
  messages: Message[],
  options: CompleteOptions,
  specVersion: string,
  abortSignal: AbortSignal,
): AiCallOptions {
  const toolNames = new Map(messages.flatMap((m) => m.toolCalls ?? []).map(({ id, name }) => [id, name]));
  return {
    prompt: messages.map((message) => toAiMessage(message, toolNames, specVersion)),
    ...(options.maxTokens !== undefined && { maxOutputTokens: options.maxTokens }),
    ...(options.temperature !== undefined && { temperature: options.temperature }),
    ...(options.stop && { stopSequences: options.stop }),
    ...(options.json && { responseFormat: { type: "json" } }),
    ...(options.tools && {
      tools: options.tools.map(({ name, description, parameters }) => ({
        type: "function",
        name,
        description,
        inputSchema: parameters,
      })),
    }),
    abortSignal,
  };
}

function toAiMessage(message: Message, toolNames: Map<string, string>, specVersion: string): AiMessage {
  const { role, content, toolCalls = [], toolCallId = "" } = message;
  if (role === "system") return { role, content: textOf(content) };
  if (role === "tool") {
    const toolName = message.name ?? toolNames.get(toolCallId) ?? "";
    const output = { type: "text" as const, value: textOf(content) };
    return { role, content: [{ type: "tool-result", toolCallId, toolName, output }] };
  }
  if (role === "assistant") {
    const text = textOf(content);
    const calls = toolCalls.map(({ id, name, arguments: args }) => ({
      type: "tool-call" as const,
      toolCallId: id,
      toolName: name,
      input: parseArguments(args),
    }));
    return { role, content: [...(text === "" ? [] : [{ type: "text" as const, text }]), ...calls] };
  }
  const parts: ContentPart[] = typeof content === "string" ? [{ type: "text", text: content }] : content;
  return { role, content: parts.map((part) => toAiPart(part, specVersion)) };
}

function toAiPart(part: ContentPart, specVersion: string): AiText | AiFile {
  switch (part.type) {
    case "text":
      return part;
    case "image_url":
      return file("image/*", part.url, specVersion);
    case "audio_url":
      return file("audio/*", part.url, specVersion);
    case "document_url":
      return file("application/pdf", part.url, specVersion);
    case "image_base64":
    case "audio_base64":
      return file(part.mimeType, `data:${part.mimeType};base64,${part.base64Data}`, specVersion);
  }
}

/** Version 4 says which form the data has; before that a string is base64 and an address a `URL`. */
function file(mediaType: string, url: string, specVersion: string): AiFile {
  const inline = /^data:([^;,]+)[^,]*;base64,(.*)$/s.exec(url);
  const tagged = specVersion !== "v2" && specVersion !== "v3";
  if (inline) {
    const data = inline[2]!;
    return { type: "file", mediaType: inline[1]!, data: tagged ? { type: "data", data } : data };
  }
  const address = new URL(url);
  return { type: "file", mediaType, data: tagged ? { type: "url", url: address } : address };
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return {};
  }
}

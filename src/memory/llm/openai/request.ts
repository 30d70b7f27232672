import { MultimodalNotSupported } from "../../../core/errors.ts";
import { textOf } from "../modalities.ts";
import type { CompleteOptions, ContentPart, Message } from "../provider.ts";

/** Our messages and options as the body of `POST /chat/completions`. */
export function completionBody(
  messages: Message[],
  options: CompleteOptions,
  model: string,
  stream: boolean,
): Record<string, unknown> {
  const limit = usesCompletionTokens(model) ? "max_completion_tokens" : "max_tokens";
  return {
    model,
    messages: messages.map(toMessage),
    ...(options.maxTokens !== undefined && { [limit]: options.maxTokens }),
    ...(options.temperature !== undefined && { temperature: options.temperature }),
    ...(options.stop && { stop: options.stop }),
    ...(options.tools?.length && {
      tools: options.tools.map((spec) => ({ type: "function", function: spec })),
    }),
    ...(options.json && { response_format: { type: "json_object" } }),
    ...(stream && { stream: true, stream_options: { include_usage: true } }),
  };
}

/** OpenAI's reasoning models refuse the older name; other servers know only that one. */
function usesCompletionTokens(model: string): boolean {
  return /(^|\/)(o[1-9]|gpt-[5-9])/.test(model);
}

function toMessage(message: Message): Record<string, unknown> {
  const { role, content, name, toolCalls, toolCallId } = message;
  const calls = toolCalls?.map(({ id, name, arguments: args }) => ({
    id,
    type: "function",
    function: { name, arguments: args },
  }));
  const plain = typeof content === "string" || role !== "user";
  const body = plain ? textOf(content) : content.map(toPart);
  return {
    role,
    // A message of tool calls alone has no content.
    content: body === "" && calls ? null : body,
    ...(name && { name }),
    ...(calls && { tool_calls: calls }),
    ...(toolCallId && { tool_call_id: toolCallId }),
  };
}

function toPart(part: ContentPart): Record<string, unknown> {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "image_url":
      return { type: "image_url", image_url: { url: part.url, ...(part.detail && { detail: part.detail }) } };
    case "image_base64":
      return { type: "image_url", image_url: { url: `data:${part.mimeType};base64,${part.base64Data}` } };
    case "audio_base64":
      return toAudio(part.mimeType, part.base64Data);
    case "audio_url":
      return toAudioFromUrl(part.url);
    case "document_url":
      return { type: "file", file: { filename: "document", file_data: part.url } };
  }
}

function toAudio(mimeType: string, data: string): Record<string, unknown> {
  const subtype = mimeType.split(/[/;]/)[1] ?? "";
  const format = { mpeg: "mp3", "x-wav": "wav", wave: "wav" }[subtype] ?? subtype;
  return { type: "input_audio", input_audio: { data, format } };
}

function toAudioFromUrl(url: string): Record<string, unknown> {
  const inline = /^data:([^,]+);base64,(.*)$/s.exec(url);
  if (inline) return toAudio(inline[1]!, inline[2]!);
  throw new MultimodalNotSupported(
    "[llm.openai] This API takes audio as data and not by URL. Send it as audio_base64.",
    { details: { modality: "audio" } },
  );
}

import { CONTEXT_LINE, mayHoldContextLine } from "../core/context-line.ts";
import { type ChatMessage, type ChatPart, type ChatRequest, isSystem } from "./request.ts";

/** Descriptions of what camera, screen and microphone perceive: their words are the world's, not the system's. */
const PERCEIVED = /<(user_[a-z_]{1,32})>[\s\S]*?<\/\1>/g;

/** The different tokens in system messages, besides what perception put there, and the page's. */
export function contextTokens({ messages, pageToken }: ChatRequest): string[] {
  const texts = messages.filter(isSystem).flatMap(textsOf).filter(mayHoldContextLine);
  const found = texts.flatMap((text) => tokensIn(text.replace(PERCEIVED, "")));
  return [...new Set(pageToken === undefined ? found : [...found, pageToken])];
}

/** The message without any token; the same object when it has none. */
export function withoutContextToken(message: ChatMessage): ChatMessage {
  if (!isSystem(message) || !textsOf(message).some(mayHoldContextLine)) return message;
  if (typeof message.content === "string") return { ...message, content: strip(message.content) };
  const parts = (message.content as ChatPart[]).map((part) =>
    typeof part.text === "string" ? { ...part, text: strip(part.text) } : part,
  );
  return { ...message, content: parts };
}

function textsOf({ content }: ChatMessage): string[] {
  if (typeof content === "string") return [content];
  return (content ?? []).map((part) => part?.text).filter((text) => typeof text === "string");
}

function tokensIn(text: string): string[] {
  return [...text.matchAll(CONTEXT_LINE)].map((match) => match[1]!.replace(/\.+$/, ""));
}

/** Takes the token out, and its line when nothing else is on it. */
function strip(text: string): string {
  return text
    .split("\n")
    .map((line) => ({ line, rest: line.replace(CONTEXT_LINE, "") }))
    .filter(({ line, rest }) => rest === line || rest.trim() !== "")
    .map(({ rest }) => rest)
    .join("\n");
}

import { withoutContextToken } from "./context-token.ts";
import { withMembers } from "./json-text.ts";
import { type ChatMessage, type ChatRequest, isSystem, textOf } from "./request.ts";

/** What becomes of a request's messages. Whatever is not named here stays as it came, byte for byte. */
export type Prompt = {
  chat: ChatRequest;
  /** By index; `null` leaves the message out. */
  replaced: ReadonlyMap<number, ChatMessage | null>;
  /** Before the first message. */
  head?: ChatMessage;
  /** After the last one: rounds of the memory tools. */
  appended: ChatMessage[];
};

/**
 * The system part keeps its bytes from turn to turn (prompt caches work by prefix): the briefing never changes
 * within a session, and what memory found, which always does, stands with the last user message. There it also
 * has a user's authority, never the system's, and every chat template accepts it.
 */
export function composePrompt(chat: ChatRequest, briefing: string, memoryBlock: string): Prompt {
  const replaced = new Map<number, ChatMessage | null>();
  stripTokens(chat.messages, replaced);
  const head = addBriefing(chat.messages, replaced, briefing);
  if (memoryBlock !== "") addMemory(chat.messages, replaced, memoryBlock);
  return { chat, replaced, appended: [], ...(head && { head }) };
}

/** The messages as the model is to see them. */
export function messagesOf({ chat, replaced, head, appended }: Prompt): ChatMessage[] {
  const kept = chat.messages
    .map((message, index) => (replaced.has(index) ? replaced.get(index)! : message))
    .filter((message) => message !== null);
  return [...(head ? [head] : []), ...kept, ...appended];
}

/** The body to send: the caller's own bytes with the messages of the prompt and some members replaced. */
export function bodyOf(prompt: Prompt, members: ReadonlyMap<string, string>): Buffer {
  const { chat, replaced, head, appended } = prompt;
  const same = replaced.size === 0 && !head && appended.length === 0;
  if (same && members.size === 0) return chat.bytes;
  const layout = chat.layout();
  const values = same ? members : new Map([...members, ["messages", messagesText(prompt)]]);
  return Buffer.from(withMembers(chat.text, layout.members, values));
}

function messagesText({ chat, replaced, head, appended }: Prompt): string {
  const texts = chat.layout().messages.map(([start, end], index) => {
    const message = replaced.get(index);
    return message === undefined ? chat.text.slice(start, end) : message && JSON.stringify(message);
  });
  const all = [head && JSON.stringify(head), ...texts, ...appended.map((message) => JSON.stringify(message))];
  return `[${all.filter((text) => text).join(",")}]`;
}

function stripTokens(messages: ChatMessage[], replaced: Map<number, ChatMessage | null>): void {
  for (const [index, message] of messages.entries()) {
    const cleaned = withoutContextToken(message);
    if (cleaned !== message) replaced.set(index, textOf(cleaned).trim() === "" ? null : cleaned);
  }
}

/** Merged into the first system message, since many chat templates take only one, and only first. */
function addBriefing(
  messages: ChatMessage[],
  replaced: Map<number, ChatMessage | null>,
  briefing: string,
): ChatMessage | undefined {
  if (briefing === "" || holds(messages, briefing)) return undefined;
  const first = replaced.has(0) ? replaced.get(0) : messages[0];
  if (!first || !isSystem(first)) return { role: "system", content: briefing };
  replaced.set(0, withText(first, briefing));
  return undefined;
}

function addMemory(messages: ChatMessage[], replaced: Map<number, ChatMessage | null>, block: string): void {
  const last = messages.findLastIndex(({ role }) => role === "user");
  if (last >= 0) replaced.set(last, withText(messages[last]!, block));
}

function withText(message: ChatMessage, text: string): ChatMessage {
  const { content } = message;
  if (Array.isArray(content)) return { ...message, content: [{ type: "text", text }, ...content] };
  return { ...message, content: content ? `${text}\n\n${content}` : text };
}

/** Vendors may wrap lines anew: only the words count. */
function holds(messages: ChatMessage[], briefing: string): boolean {
  const texts = messages.filter(isSystem).map(textOf);
  if (texts.some((text) => text.includes(briefing))) return true;
  const wanted = words(briefing);
  return texts.some((text) => text.length >= wanted.length && words(text).includes(wanted));
}

function words(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

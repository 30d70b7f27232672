import { AstrocyteError } from "../core/errors.ts";
import { elementsOf, type Member, membersOf, type Span, withoutMembers } from "./json-text.ts";

/** A message as it came: only what the brain reads is named, the rest stays as it is. */
export type ChatMessage = {
  role: string;
  content?: string | ChatPart[] | null;
  [field: string]: unknown;
};

export type ChatPart = { type?: string; text?: string; [field: string]: unknown };

/** A chat-completions request, parsed once, with the text that it was parsed from. */
export type ChatRequest = {
  /** The body as it came. */
  bytes: Buffer;
  text: string;
  fields: Record<string, unknown>;
  messages: ChatMessage[];
  /** What the page of a session at ElevenLabs sent along to name it: a token, if it is one that we signed. */
  pageToken: string | undefined;
  model: string | undefined;
  stream: boolean;
  /** True when the caller wants the usage event at the end of the stream. */
  wantsUsage: boolean;
  /** Where the parts lie in the text; found when first needed. */
  layout(): Layout;
};

export type Layout = { members: Member[]; messages: Span[] };

/** Fields that ElevenLabs adds to a request (voice contract §A.8), the first its mark; models refuse both. */
const EXTRA_BODY = "elevenlabs_extra_body";
const FOREIGN = [EXTRA_BODY, "user_id"];

/** Checks no more than the brain needs; the upstream judges the rest. Errors: `invalid_input` naming the field. */
export function parseChat(raw: Buffer): ChatRequest {
  const { bytes, text, fields, pageToken } = readBody(raw);
  const messages = checkMessages(fields["messages"]);
  const { model, stream, stream_options: options } = fields;
  if (model !== undefined && typeof model !== "string") throw invalid("model", "is not a string");
  if (stream !== undefined && stream !== null && typeof stream !== "boolean")
    throw invalid("stream", "is not true or false");
  let layout: Layout | undefined;
  return {
    bytes,
    text,
    fields,
    messages,
    pageToken,
    model,
    stream: stream === true,
    wantsUsage: isObject(options) && options["include_usage"] === true,
    layout: () => (layout ??= findLayout(text)),
  };
}

/** The body without what only its vendor understands. */
function readBody(raw: Buffer): Pick<ChatRequest, "bytes" | "text" | "fields" | "pageToken"> {
  const text = raw.toString("utf8");
  const fields = parseObject(text);
  if (!(EXTRA_BODY in fields)) return { bytes: raw, text, fields, pageToken: undefined };
  const own = withoutMembers(text, FOREIGN);
  const token = isObject(fields[EXTRA_BODY]) ? fields[EXTRA_BODY]["astrocyte_context"] : undefined;
  const pageToken = typeof token === "string" && token !== "" ? token : undefined;
  return { bytes: Buffer.from(own), text: own, fields: parseObject(own), pageToken };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text of a message: its content, or its text parts in order. */
export function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => (typeof part?.text === "string" ? part.text : ""))
    .filter((text) => text !== "")
    .join("\n");
}

export function isSystem({ role }: ChatMessage): boolean {
  return role === "system" || role === "developer";
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The parser's own message quotes the body.
    throw new AstrocyteError("invalid_input", "[brain] the body is not valid JSON. Correct it.", { cause });
  }
  if (isObject(value)) return value;
  throw new AstrocyteError(
    "invalid_input",
    "[brain] the body is not a JSON object. Send one with `messages`.",
  );
}

function checkMessages(value: unknown): ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid("messages", "is not a list of messages");
  for (const [index, message] of value.entries()) {
    if (!isObject(message) || typeof message["role"] !== "string")
      throw invalid(`messages[${index}]`, "is not an object with a `role`");
    const { content } = message;
    if (content !== undefined && content !== null && typeof content !== "string" && !Array.isArray(content))
      throw invalid(`messages[${index}].content`, "is neither text nor a list of parts");
  }
  return value as ChatMessage[];
}

function findLayout(text: string): Layout {
  const members = membersOf(text);
  const keys = new Set(members.map(({ key }) => key));
  // Two readers of the same body could otherwise see different messages.
  if (keys.size < members.length) throw invalid("body", "has a member twice");
  const messages = members.find(({ key }) => key === "messages")!;
  return { members, messages: elementsOf(text, messages.value) };
}

function invalid(param: string, what: string): AstrocyteError {
  return new AstrocyteError("invalid_input", `[brain] ${param} ${what}. Correct the request.`, {
    details: { param },
  });
}

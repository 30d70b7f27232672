import { AstrocyteError } from "../../core/errors.ts";
import type { ContentType, ConversationTurn } from "../types.ts";
import { parseConversation, readTurns, type Turn } from "./conversation.ts";
import { splitDocument } from "./document.ts";
import { splitText } from "./sentences.ts";

/** One future memory, before the barrier. */
export type Chunk = {
  text: string;
  speaker?: string;
  occurredAt?: number;
  turnId?: string;
  /** Tells a turn from an equal one of its session. */
  moment?: string;
  /** Path of the headings that a document's chunk stands under. */
  heading?: string;
};

export type Chunked = { contentType: ContentType; chunks: Chunk[] };

/** Characters; beyond them a turn, a document's paragraph, or a plain text is split. */
const TURN_LIMIT = 1200;
const DOCUMENT_LIMIT = 1000;
const TEXT_LIMIT = 2000;

/**
 * Splits content into what is stored: a conversation into one memory a turn, a document by headings and
 * paragraphs, a plain text only when it is long.
 * @param start Milliseconds at which the content begins.
 */
export function chunkContent(
  content: string | ConversationTurn[],
  given: { contentType?: ContentType | undefined; speaker?: string | undefined },
  start: number,
): Chunked {
  const contentType = given.contentType ?? (typeof content === "string" ? "text" : "conversation");
  const chunks = split(content, contentType, given.speaker, start);
  if (chunks.length > 0) return { contentType, chunks };
  throw new AstrocyteError("invalid_input", "[retain] content is empty. Give some text.");
}

function split(
  content: string | ConversationTurn[],
  contentType: ContentType,
  speaker: string | undefined,
  start: number,
): Chunk[] {
  const named = speaker === undefined ? {} : { speaker };
  if (typeof content !== "string") return turnChunks(readTurns(content));
  if (contentType === "text") {
    const parts = splitText(content, content.trim().length > TEXT_LIMIT ? TURN_LIMIT : TEXT_LIMIT);
    return parts.map((text) => ({ text, ...named }));
  }
  if (contentType === "document") {
    if (content.trim() === "") return [];
    return splitDocument(content, DOCUMENT_LIMIT).map(({ heading, text }) => ({
      text,
      ...named,
      ...(heading !== "" && { heading }),
    }));
  }
  // With a speaker given the string is what that speaker said, colons and all.
  return turnChunks(speaker === undefined ? parseConversation(content, start) : [{ speaker, text: content }]);
}

function turnChunks(turns: Turn[]): Chunk[] {
  return turns.flatMap(({ text, speaker, ...rest }) =>
    splitText(text, TURN_LIMIT).map((part) => ({ text: part, ...(speaker !== "" && { speaker }), ...rest })),
  );
}

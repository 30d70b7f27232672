import { AstrocyteError, MultimodalNotSupported } from "../../core/errors.ts";
import type { Engine } from "../engine.ts";
import { captionParts } from "../llm/caption.ts";
import type { ContentPart } from "../llm/provider.ts";
import type { ConversationTurn, RetainContent, RetainOptions } from "../types.ts";

/** Content as text or turns; `vector` when the model embedded the parts themselves. */
export type ReadContent = { content: string | ConversationTurn[]; vector?: Float32Array };

/**
 * Turns content parts into text, in the way that the caller chose: nothing calls a model unasked, and no part
 * is dropped unasked. Errors: `multimodal_not_supported`, `invalid_input`, those of the model.
 */
export async function readContent(
  engine: Engine,
  content: RetainContent,
  strategy: RetainOptions["multimodal"],
): Promise<ReadContent> {
  if (typeof content === "string") return { content };
  if (!Array.isArray(content)) {
    throw new AstrocyteError("invalid_input", "[retain] content must be a text, turns, or content parts.");
  }
  if (!isParts(content)) return { content };
  const texts = content.flatMap((part) => (part.type === "text" ? [part.text] : []));
  if (texts.length === content.length || strategy === "text_only") return { content: texts.join("\n\n") };
  if (strategy === "caption_then_embed") return { content: await captionParts(content, engine.llm) };
  if (strategy === "multimodal_embed") return embedParts(engine, content, texts);
  throw new MultimodalNotSupported(
    '[retain] content has parts other than text. Set multimodal to "caption_then_embed", "multimodal_embed" or "text_only".',
  );
}

export function isParts(content: RetainContent): content is ContentPart[] {
  return (
    Array.isArray(content) &&
    content.some((part) => typeof part === "object" && part !== null && "type" in part)
  );
}

async function embedParts({ embedder }: Engine, parts: ContentPart[], texts: string[]): Promise<ReadContent> {
  if (!embedder.embedMultimodal || !embedder.capabilities().supportsMultimodalEmbedding) {
    throw new MultimodalNotSupported(
      `[retain] ${embedder.name} embeds text only. Use caption_then_embed or another embedding model.`,
    );
  }
  const [vector] = await embedder.embedMultimodal([parts]);
  const others = parts.filter(({ type }) => type !== "text").map(({ type }) => `[${type.split("_")[0]}]`);
  return { content: [...texts, ...others].join("\n\n"), ...(vector && { vector }) };
}

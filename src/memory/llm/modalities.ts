import { MultimodalNotSupported } from "../../core/errors.ts";
import type { ContentPart, Message, Modality } from "./provider.ts";

/** What each content part needs of a model. */
const MODALITY_OF: Record<ContentPart["type"], Modality> = {
  text: "text",
  image_url: "image",
  image_base64: "image",
  audio_url: "audio",
  audio_base64: "audio",
  document_url: "document",
};

export function modalityOf(part: ContentPart): Modality {
  return MODALITY_OF[part.type];
}

/** Name patterns of models and what they take besides text; the first match counts. Config overrides it. */
const KNOWN: Array<[RegExp, Modality[]]> = [
  [/gpt-(4o-)?audio|gpt-4o.*audio/, ["audio"]],
  [/gpt-(4o|4\.1|4\.5|4-turbo|[5-9])|chatgpt|\bo[1-9](-|$)/, ["image"]],
  [/gemini/, ["image", "audio", "document"]],
  [/claude/, ["image", "document"]],
  [
    /vision|-vl\b|pixtral|llava|llama-?4|gemma-?3|nova-(lite|pro|premier)|grok-[4-9]|mistral-(small|medium)/,
    ["image"],
  ],
];

/** `text` first, then what the config declares or, without that, what the model's name tells. */
export function modalitiesOf(model: string, declared?: Modality[]): Modality[] {
  const known = KNOWN.find(([pattern]) => pattern.test(model.toLowerCase()))?.[1] ?? [];
  return [...new Set<Modality>(["text", ...(declared ?? known)])];
}

/** Throws `MultimodalNotSupported` for the first part that the model cannot take. */
export function checkModalities(messages: Message[], supported: Modality[], area: string): void {
  for (const { content } of messages) {
    if (typeof content === "string") continue;
    for (const part of content) {
      const modality = modalityOf(part);
      if (modality !== "text" && !supported.includes(modality)) throw notSupported(area, modality);
    }
  }
}

export function notSupported(area: string, modality: Modality): MultimodalNotSupported {
  return new MultimodalNotSupported(
    `[${area}] The model takes no ${modality}. Use a model that does, or declare it in llm_provider_config.modalities.`,
    { details: { modality } },
  );
}

/** The text of a message's content, for roles that take nothing else. */
export function textOf(content: Message["content"]): string {
  if (typeof content === "string") return content;
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

import { z } from "zod";

const modality = z.enum(["text", "image", "audio", "document"]);

/** `llm_provider_config` of `openai` and `litellm`. */
export const openaiConfigSchema = z.strictObject({
  base_url: z.url().optional(),
  api_key: z.string().min(1).optional(),
  /** Writes text; without it the provider only embeds. */
  model: z.string().min(1).optional(),
  /** Makes vectors; without it the local embedder does. */
  embedding_model: z.string().min(1).optional(),
  /** Asks for shortened vectors, where the model can. */
  embedding_dimensions: z.int().positive().optional(),
  /** Milliseconds a call. */
  timeout_ms: z.int().positive().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** What the model takes besides text, where its name does not tell. */
  modalities: z.array(modality).optional(),
});

/** `llm_provider_config` of `openai` and `litellm`, as written. */
export type OpenAIConfig = z.infer<typeof openaiConfigSchema>;

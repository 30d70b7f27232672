import { z } from "zod";

/** `llm_provider_config` of `ai-sdk`. */
export const aiSdkConfigSchema = z.strictObject({
  /** `provider/model`, e.g. `anthropic/claude-sonnet-4-5`. */
  model: z.string().includes("/").optional(),
  embedding_model: z.string().includes("/").optional(),
  api_key: z.string().min(1).optional(),
  base_url: z.url().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Milliseconds a call. */
  timeout_ms: z.int().positive().optional(),
  modalities: z.array(z.enum(["text", "image", "audio", "document"])).optional(),
});

export type AiSdkConfig = z.infer<typeof aiSdkConfigSchema>;

export { createElevenLabsAdapter } from "./adapter.ts";
export {
  type ConversationSummary as ElevenLabsConversation,
  createElevenLabsApi,
  type ElevenLabsApi,
  type ElevenLabsApiOptions,
  type WorkspaceTool as ElevenLabsTool,
} from "./api.ts";
export {
  type ElevenLabsConfig,
  type ElevenLabsConfigInput,
  elevenLabsConfig,
  elevenLabsPersona,
} from "./config.ts";
export { verifyElevenLabsSignature } from "./webhook.ts";

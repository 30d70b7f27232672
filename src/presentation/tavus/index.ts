export { createTavusAdapter } from "./adapter.ts";
export { createTavusApi, type TavusApi, type TavusApiOptions } from "./api.ts";
export { type TavusConfig, type TavusConfigInput, tavusConfig, tavusPersona } from "./config.ts";
export type {
  Conversation as TavusConversation,
  Face as TavusFace,
  MemoryStore as TavusMemoryStore,
  Pal as TavusPal,
  Tool as TavusTool,
} from "./read.ts";
export { plainToolName } from "./tools.ts";
export { verifyTavusSignature } from "./webhook.ts";

export { createDIdAdapter } from "./adapter.ts";
export {
  type Agent as DIdAgent,
  type ChatExport as DIdChatExport,
  createDIdApi,
  type DIdApi,
  type DIdApiOptions,
  type Session as DIdSession,
  type Stream as DIdStream,
} from "./api.ts";
export { type DIdConfig, type DIdConfigInput, dIdConfig, dIdPersona } from "./config.ts";

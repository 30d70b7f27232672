export { createLiveAvatarAdapter } from "./adapter.ts";
export {
  createLiveAvatarApi,
  type LiveAvatarApi,
  type LiveAvatarApiOptions,
  type LiveAvatarSession,
  type StartedSession,
  type Stored as LiveAvatarStored,
} from "./api.ts";
export {
  type LiveAvatarConfig,
  type LiveAvatarConfigInput,
  liveavatarConfig,
  liveavatarPersona,
} from "./config.ts";
export { HEYGEN_REPLACED } from "./legacy.ts";

export { createLocalAdapter, type LocalAdapter } from "./adapter.ts";
export type { LocalConfig } from "./config.ts";
export { MAX_MESSAGE_BYTES } from "./connection.ts";
export type * from "./protocol.ts";

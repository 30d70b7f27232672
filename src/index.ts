export type { ConfigInput } from "./config.ts";
export * from "./core/errors.ts";
export * from "./memory/index.ts";
export type { OpenOptions } from "./open.ts";

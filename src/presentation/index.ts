export type * from "./adapter.ts";
export * from "./d-id/index.ts";
export * from "./elevenlabs/index.ts";
export * from "./liveavatar/index.ts";
export { createLocalAdapter, type LocalAdapter } from "./local/index.ts";
export * from "./tavus/index.ts";
export * from "./twilio/index.ts";

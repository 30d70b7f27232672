export type * from "./adapter.ts";
export { createLocalAdapter, type LocalAdapter, type LocalConfig } from "./local/index.ts";
export * from "./d-id/index.ts";
export * from "./liveavatar/index.ts";
export * from "./tavus/index.ts";

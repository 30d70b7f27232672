export { createLocalAdapter, type LocalAdapter } from "./adapter.ts";
export type * from "./protocol.ts";

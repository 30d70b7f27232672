export * from "./briefing/index.ts";
export type * from "./parts.ts";
export * from "./personas.ts";
export type * from "./store.ts";
export type * from "./types.ts";

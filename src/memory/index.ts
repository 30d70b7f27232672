export type * from "./llm/provider.ts";
export type * from "./store.ts";
export type * from "./types.ts";

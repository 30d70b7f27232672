export * from "./briefing/index.ts";
export { Composer } from "./composer.ts";
export type * from "./parts.ts";
export * from "./personas.ts";
export type * from "./store.ts";
export type { InboundLine } from "./telephone/config.ts";
export type { ToolAnswer, ToolDefinition, ToolRun } from "./tools/definitions.ts";
export type * from "./types.ts";

export { contextLine } from "../core/context-line.ts";
export { type Brain, type BrainRoute, createBrain } from "./brain.ts";
export { type BrainConfig, brainConfigSchema, brainPartsOf } from "./config.ts";
export * from "./parts.ts";
export { serveBrain } from "./serve.ts";
export type { MemoryStatus, TurnTrace } from "./trace.ts";
export type {
  ExtractiveUpstream,
  OpenAiKind,
  OpenAiUpstream,
  Prices,
  ProviderUpstream,
  Upstream,
} from "./upstreams.ts";
export { CONVENTIONS } from "./upstreams.ts";

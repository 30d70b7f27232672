export { type CheckedField, check, type Verdict } from "./attributes.ts";
export type { Limit } from "./budget.ts";
export { type ClientBriefing, clientView } from "./client-view.ts";
export { type BriefingDeps, type BriefingMemory, createBriefer } from "./compose.ts";
export { type Judge, type JudgeQuestion, llmJudge } from "./judge.ts";
export { applyPrecedence, type Doubt, type PrecedenceInput, type Reflection } from "./precedence.ts";
export { type RenderInput, renderBriefing } from "./render.ts";
export * from "./sources/index.ts";

import type { Binding, VendorBriefing, VendorPersona, VendorTool } from "../adapter.ts";
import type { Row } from "../read.ts";
import type { DIdConfig, DIdPersona } from "./config.ts";

/** What a session's agent is made of. */
export type AgentInput = {
  config: DIdConfig;
  block: DIdPersona;
  persona: VendorPersona;
  briefing: VendorBriefing;
  binding: Binding;
};

/** An agent of one session (contract §2.2); its name is how a lost one is found. */
export function agentBody(input: AgentInput): Row {
  const { config, block, briefing, binding } = input;
  return {
    ...block.agent,
    preview_name: binding.marker,
    presenter: presenterOf(config, block),
    llm: llmBlock(input),
    ...greetings(briefing),
  };
}

/** What a shared agent is told before a session. */
export function agentPatch(input: AgentInput): Row {
  return { llm: llmBlock(input), ...greetings(input.briefing) };
}

export function presenterOf(config: DIdConfig, block: DIdPersona): Row {
  const presenter = { ...config.presenter, ...block.presenter };
  return { ...presenter, ...(config.mode === "v2" && { type: presenter.type ?? "expressive" }) };
}

/** Our brain under the session's own key, at exactly this address (§2.3); else D-ID's model with the briefing. */
function llmBlock({ config, block, briefing, binding }: AgentInput): Row {
  const { brain } = binding;
  const instructions = instructionsOf(config, briefing);
  if (!config.custom_llm) return { provider: "openai", ...block.llm, instructions };
  const custom = {
    type: "basic",
    url: `${brain.baseUrl}/dialects/d-id`,
    [config.llm_key_field]: brain.apiKey,
    streaming: true,
    ...(config.max_messages !== undefined && { max_messages: config.max_messages }),
  };
  return { ...block.llm, provider: "custom", instructions, custom };
}

/**
 * In V1 the page holds a client key, and what that key may read of an agent is not documented: there the brain
 * alone knows the briefing, and adds it to every turn.
 */
export function instructionsOf({ mode, custom_llm }: DIdConfig, { text }: VendorBriefing): string {
  return mode === "v1" && custom_llm ? "Answer as you are told in this conversation." : text;
}

/** One of them is picked, so there is one (§2.2). */
function greetings({ greeting }: VendorBriefing): Row {
  return greeting === undefined ? {} : { greetings: [greeting] };
}

/** A tool that the page runs, as an RPC of the room named like the tool (§2.4). */
export function toolBody({ name, description, parameters }: VendorTool): Row {
  return { name, description, schema: { parameters }, config: { type: "client" } };
}

/**
 * Attaches tools (§2.4). Those of the session have empty `static_values`, which change nothing: by them the sweep
 * tells what may be deleted with a forgotten agent from what you registered yourself.
 */
export function toolsBlock(ids: string[], { tool_choice, tool_ids = {} }: DIdPersona): Row {
  const yours = new Set(Object.values(tool_ids));
  const items = ids.map((tool_id) => (yours.has(tool_id) ? { tool_id } : { tool_id, static_values: {} }));
  return { tools: { items, tool_choice } };
}

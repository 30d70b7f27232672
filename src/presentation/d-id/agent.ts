import { AstrocyteError } from "../../core/errors.ts";
import type { Binding, VendorBriefing, VendorPersona, VendorTool } from "../adapter.ts";
import type { Row } from "../read.ts";
import { allMade, type Ledger } from "../resources.ts";
import type { DIdApi } from "./api.ts";
import { type DIdConfig, type DIdPersona, presenterOf } from "./config.ts";
import type { Opener } from "./open.ts";

/** What a session's agent is made of. */
export type AgentInput = {
  config: DIdConfig;
  block: DIdPersona;
  persona: VendorPersona;
  briefing: VendorBriefing;
  binding: Binding;
};

const POLL_MS = 500;
const USABLE = new Set(["done", "ready"]);
const FAILED = new Set(["error", "rejected"]);

/** An agent of the session's own with its tools, once it can be used. */
export async function makeAgent(opener: Opener, input: AgentInput, ledger: Ledger): Promise<string> {
  const { api } = opener;
  const [{ id: agent }, tools] = await allMade([
    ledger.make("agent", input.binding.marker, () => api.agents.create(agentBody(input))),
    makeTools(api, input, ledger),
  ]);
  if (tools.length > 0) await api.agents.patch(agent, toolsBlock(tools, input.block));
  await untilUsable(opener, agent);
  return agent;
}

/** Writes a session's briefing into a shared agent; it is in force for sessions that start from now on (§2.8). */
export async function patchShared(
  { api }: Opener,
  input: AgentInput,
  agentId: string,
  ledger: Ledger,
): Promise<void> {
  const tools = await makeTools(api, input, ledger);
  await api.agents.patch(agentId, {
    ...agentPatch(input),
    ...(tools.length > 0 && toolsBlock(tools, input.block)),
  });
}

/** Tools belong to the session: no list of them is documented in which a shared one could be found again. */
function makeTools(api: DIdApi, { persona, block }: AgentInput, ledger: Ledger): Promise<string[]> {
  return allMade(
    persona.tools.map(async (tool) => {
      const known = block.tool_ids?.[tool.name];
      if (known !== undefined) return known;
      const id = await api.tools.create(toolBody(tool));
      await ledger.record("tool", id);
      return id;
    }),
  );
}

/** A new agent goes through `created` and `started` before it serves (§2.2). */
async function untilUsable({ api, clock, config }: Opener, agentId: string): Promise<void> {
  const deadline = clock.now() + config.agent_ready_timeout_ms;
  for (;;) {
    const { status } = await api.agents.get(agentId);
    if (status === undefined || USABLE.has(status)) return;
    if (FAILED.has(status)) throw unusable();
    if (clock.now() >= deadline) throw tooSlow(config.agent_ready_timeout_ms);
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
  }
}

function unusable(): AstrocyteError {
  return new AstrocyteError(
    "vendor_invalid",
    "[d-id] the agent could not be made of this presenter. Check vendors.d-id.presenter: avatar, image, voice.",
  );
}

function tooSlow(ms: number): AstrocyteError {
  const message = `[d-id] the new agent could not be used within ${ms} ms. Try again, or raise agent_ready_timeout_ms.`;
  return new AstrocyteError("vendor_timeout", message);
}

/** An agent of one session (contract §2.2); its name is how a lost one is found. */
function agentBody(input: AgentInput): Row {
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
function agentPatch(input: AgentInput): Row {
  return { llm: llmBlock(input), ...greetings(input.briefing) };
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
function toolBody({ name, description, parameters }: VendorTool): Row {
  return { name, description, schema: { parameters }, config: { type: "client" } };
}

/**
 * Attaches tools (§2.4). Those of the session have empty `static_values`, which change nothing: by them the sweep
 * tells what may be deleted with a forgotten agent from what you registered yourself.
 */
function toolsBlock(ids: string[], { tool_choice, tool_ids = {} }: DIdPersona): Row {
  const yours = new Set(Object.values(tool_ids));
  const items = ids.map((tool_id) => (yours.has(tool_id) ? { tool_id } : { tool_id, static_values: {} }));
  return { tools: { items, tool_choice } };
}

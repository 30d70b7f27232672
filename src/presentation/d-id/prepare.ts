import { AstrocyteError } from "../../core/errors.ts";
import type { AdapterDeps } from "../adapter.ts";
import { type AgentInput, agentBody, agentPatch, toolBody, toolsBlock } from "./agent.ts";
import type { DIdApi } from "./api.ts";
import type { Recorder } from "./resources.ts";

const POLL_MS = 500;
const USABLE = new Set(["done", "ready"]);
const FAILED = new Set(["error", "rejected"]);

/** An agent of the session's own with its tools, once it can be used. What is created is recorded before the next step. */
export async function makeAgent(
  api: DIdApi,
  deps: AdapterDeps,
  input: AgentInput,
  record: Recorder,
): Promise<string> {
  const [agent, tools] = await Promise.allSettled([
    createAgent(api, input, record),
    prepareTools(api, input, record),
  ]);
  if (agent.status === "rejected") throw agent.reason;
  if (tools.status === "rejected") throw tools.reason;
  if (tools.value.length > 0) await api.agents.patch(agent.value, toolsBlock(tools.value, input.block));
  await untilUsable(api, deps, input, agent.value);
  return agent.value;
}

/** Writes a session's briefing into a shared agent; it is in force for sessions that start from now on (§2.8). */
export async function patchShared(
  api: DIdApi,
  input: AgentInput,
  agentId: string,
  record: Recorder,
): Promise<void> {
  const tools = await prepareTools(api, input, record);
  await api.agents.patch(agentId, {
    ...agentPatch(input),
    ...(tools.length > 0 && toolsBlock(tools, input.block)),
  });
}

async function createAgent(api: DIdApi, input: AgentInput, record: Recorder): Promise<string> {
  // The name first: a crash before the id is known must not leave the agent behind.
  await record("agent_name", input.binding.marker);
  const { id } = await api.agents.create(agentBody(input));
  await record("agent", id);
  return id;
}

/** Tools belong to the session: no list of them is documented in which a shared one could be found again. */
async function prepareTools(
  api: DIdApi,
  { persona, block }: AgentInput,
  record: Recorder,
): Promise<string[]> {
  const made = await Promise.allSettled(
    persona.tools.map(async (tool) => {
      const known = block.tool_ids?.[tool.name];
      if (known !== undefined) return known;
      const id = await api.tools.create(toolBody(tool));
      await record("tool", id);
      return id;
    }),
  );
  return made.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
}

/** A new agent goes through `created` and `started` before it serves (§2.2). */
async function untilUsable(
  api: DIdApi,
  { clock }: AdapterDeps,
  { config }: AgentInput,
  agentId: string,
): Promise<void> {
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

import { toIso } from "../../core/clock.ts";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import type { KeyedLock } from "../../core/keyed-lock.ts";
import type {
  AdapterDeps,
  Binding,
  OpenedSession,
  VendorBriefing,
  VendorPersona,
  VendorResource,
} from "../adapter.ts";
import { type AgentInput, instructionsOf } from "./agent.ts";
import type { DIdApi } from "./api.ts";
import { type DIdConfig, type DIdPersona, dIdPersona } from "./config.ts";
import { makeAgent, patchShared } from "./prepare.ts";
import { releaseResources } from "./release.ts";
import type { Kind, Recorder } from "./resources.ts";
import { openRoom } from "./room.ts";
import { type ClientKeys, openStream } from "./stream.ts";
import { validatePersona } from "./validate.ts";

export type Opener = AdapterDeps & {
  config: DIdConfig;
  api: DIdApi;
  clientKeys: ClientKeys;
  /** One session at a time on a shared agent that is rewritten for each. */
  lock: KeyedLock;
};

/**
 * Agent, tools, session. What is created is recorded before the next step; what fails is taken back, and what
 * cannot be taken back is in the record. Billing starts with the last call, which is sent once.
 */
export async function openSession(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const { config } = opener;
  const input = { config, block: requireBlock(config, persona), persona, briefing, binding };
  const resources: VendorResource[] = [];
  const record: Recorder = async (kind: Kind, id: string) => {
    resources.push({ kind, id });
    await binding.onResource({ kind, id });
  };
  try {
    const opened = await (config.strategy === "shared_agent"
      ? openShared(opener, input, record)
      : openOwn(opener, input, record));
    return { ...opened, resources };
  } catch (error) {
    await takeBack(opener, resources, binding.sessionId);
    throw error;
  }
}

/** `validate` says the same earlier; this stands between a bad persona and a bill when it was not asked. */
function requireBlock(config: DIdConfig, persona: VendorPersona): DIdPersona {
  const problems = validatePersona(config, persona);
  if (problems.length === 0) return dIdPersona.parse(persona.vendor);
  throw new AstrocyteError("invalid_input", `[d-id] the persona does not fit: ${problems.join("; ")}.`, {
    details: { problems },
  });
}

type Opened = Omit<OpenedSession, "resources">;

async function openOwn(opener: Opener, input: AgentInput, record: Recorder): Promise<Opened> {
  return enter(opener, input, await makeAgent(opener.api, opener, input, record), record);
}

async function openShared(opener: Opener, input: AgentInput, record: Recorder): Promise<Opened> {
  const { config, api, clock, lock } = opener;
  const agentId = (input.block.agent_id ?? config.agent_id)!;
  await record("on_agent", agentId);
  await record("since", toIso(clock.now()));
  if (config.shared_binding === "none") return enter(opener, input, agentId, record);
  return lock([agentId], async () => {
    await patchShared(api, input, agentId, record);
    const opened = await enter(opener, input, agentId, record);
    await assertStillOurs(opener, input, agentId);
    return opened;
  });
}

/** Another gateway that wrote into the agent meanwhile would have given this person another's briefing. */
async function assertStillOurs(
  { api, config }: Opener,
  { briefing }: AgentInput,
  agentId: string,
): Promise<void> {
  const { instructions } = await api.agents.get(agentId);
  if (instructions === instructionsOf(config, briefing)) return;
  throw new AstrocyteError(
    "vendor_conflict",
    "[d-id] somebody else changed the shared agent while the session opened. Use one gateway for it, or agent_per_session.",
  );
}

function enter(opener: Opener, input: AgentInput, agentId: string, record: Recorder): Promise<Opened> {
  return opener.config.mode === "v2"
    ? openRoom(opener, input, agentId)
    : openStream(opener, input, agentId, record);
}

async function takeBack(
  { api, logger }: Opener,
  resources: VendorResource[],
  sessionId: string,
): Promise<void> {
  await releaseResources(api, resources).catch((error) =>
    logger.warn(
      { sessionId, code: toAstrocyteError(error).code },
      "what a failed open left at d-id is left to the sweep",
    ),
  );
}

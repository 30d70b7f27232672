import { toIso } from "../../core/clock.ts";
import { AstrocyteError } from "../../core/errors.ts";
import type { KeyedLock } from "../../core/keyed-lock.ts";
import type { AdapterDeps, Binding, OpenedSession, VendorBriefing, VendorPersona } from "../adapter.ts";
import { type Ledger, openWithLedger } from "../resources.ts";
import { assertFits } from "../vendor-config.ts";
import { type AgentInput, instructionsOf, makeAgent, patchShared } from "./agent.ts";
import type { DIdApi } from "./api.ts";
import { type DIdConfig, dIdPersona, validatePersona } from "./config.ts";
import { releaseResources } from "./release.ts";
import { type ClientKeys, openStream } from "./stream.ts";

export type Opener = AdapterDeps & {
  config: DIdConfig;
  api: DIdApi;
  clientKeys: ClientKeys;
  /** One session at a time on a shared agent that is rewritten for each. */
  lock: KeyedLock;
};

/** Agent, tools, session. Billing starts with the last call, which is sent once. */
export async function openSession(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const { config, api, logger } = opener;
  assertFits("d-id", validatePersona(config, persona));
  const input = { config, block: dIdPersona.parse(persona.vendor), persona, briefing, binding };
  const open = config.strategy === "shared_agent" ? openShared : openOwn;
  return openWithLedger(
    { vendor: "d-id", binding, logger },
    (resources) => releaseResources(api, resources),
    (ledger) => open(opener, input, ledger),
  );
}

type Opened = Omit<OpenedSession, "resources">;

async function openOwn(opener: Opener, input: AgentInput, ledger: Ledger): Promise<Opened> {
  return enter(opener, input, await makeAgent(opener, input, ledger), ledger);
}

async function openShared(opener: Opener, input: AgentInput, ledger: Ledger): Promise<Opened> {
  const { config, clock, lock } = opener;
  const agentId = (input.block.agent_id ?? config.agent_id)!;
  await ledger.record("on_agent", agentId);
  await ledger.record("since", toIso(clock.now()));
  if (config.shared_binding === "none") return enter(opener, input, agentId, ledger);
  return lock([agentId], async () => {
    await patchShared(opener, input, agentId, ledger);
    const opened = await enter(opener, input, agentId, ledger);
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

function enter(opener: Opener, input: AgentInput, agentId: string, ledger: Ledger): Promise<Opened> {
  return opener.config.mode === "v2"
    ? openRoom(opener, input, agentId)
    : openStream(opener, input, agentId, ledger);
}

/**
 * A V2 session: a LiveKit room. Nothing can be recorded after it, because nothing about it can be ended or deleted:
 * it is over when the page leaves, or by D-ID's own limits.
 */
async function openRoom(
  { api, config }: Opener,
  { persona }: AgentInput,
  agentId: string,
): Promise<Omit<OpenedSession, "resources">> {
  const { id, url, token } = await api.createSession(agentId, {
    transport: { provider: "livekit" },
    chat_persist: config.chat_persist,
  });
  const tools = persona.tools.map(({ name }) => name);
  return { vendorSessionId: id, join: { kind: "livekit", url, token, data: { tools } } };
}

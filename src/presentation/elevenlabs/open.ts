import { AstrocyteError } from "../../core/errors.ts";
import type {
  AdapterDeps,
  Binding,
  JoinInfo,
  OpenedSession,
  VendorBriefing,
  VendorPersona,
} from "../adapter.ts";
import { allMade, type Ledger, openWithLedger, releaseAll } from "../resources.ts";
import { assertFits } from "../vendor-config.ts";
import { agentBody, initiationData } from "./agent-body.ts";
import type { ElevenLabsApi } from "./api.ts";
import {
  type ElevenLabsConfig,
  type ElevenLabsPersona,
  elevenLabsPersona,
  validatePersona,
} from "./config.ts";
import { kindsOf } from "./release.ts";
import { sessionTag } from "./sessions.ts";
import { END_CALL, toolBody } from "./tools.ts";

export type Opener = AdapterDeps & { config: ElevenLabsConfig; api: ElevenLabsApi };

type Opening = {
  persona: VendorPersona;
  briefing: VendorBriefing;
  binding: Binding;
  block: ElevenLabsPersona;
  ledger: Ledger;
};

/** A way in is good for this long (contract §A.7). */
const JOIN_WITHIN_MS = 15 * 60_000;

/**
 * Secrets beside tools, the agent, the way in; on an agent of yours the way in alone. Billing starts when the page
 * connects.
 */
export async function openSession(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const { config, api, logger } = opener;
  assertFits("elevenlabs", validatePersona(config, persona));
  const block = elevenLabsPersona.parse(persona.vendor);
  const open = config.strategy === "shared_agent" ? openShared : openOwn;
  return openWithLedger(
    { vendor: "elevenlabs", binding, logger },
    (resources) => releaseAll(kindsOf(api), resources),
    (ledger) => open(opener, { persona, briefing, binding, block, ledger }),
  );
}

type Found = Omit<OpenedSession, "resources">;

async function openOwn(opener: Opener, opening: Opening): Promise<Found> {
  const { config, api } = opener;
  const { binding, ledger, persona } = opening;
  const [secretId, toolIds] = await allMade([
    makeSecret(opener, opening, "brain", binding.brain.apiKey),
    makeTools(opener, opening),
  ]);
  const body = agentBody({ ...opening, config, secretId, toolIds });
  const agent = await ledger.make("agent", binding.marker, () => api.agents.create(body));
  const join = await waysIn(opener, agent, false);
  return { vendorSessionId: agent, join: { ...join, data: { tools: relayed(persona) } } };
}

/** The page names the session to the brain by its token; briefing and memory never pass it. */
async function openShared(opener: Opener, opening: Opening): Promise<Found> {
  const { persona, binding, block } = opening;
  const vendorSessionId = sessionTag(binding);
  // The vendor has the call already; what it needs to know goes out with the answer.
  if (binding.inbound)
    return { vendorSessionId, join: { kind: "telephone", url: `tel:${binding.inbound.from}` } };
  const called = persona.tools.find(({ delivery }) => delivery === "server");
  if (called) throw onlyByTelephone(called.name);
  const agent = (block.agent_id ?? opener.config.agent_id)!;
  const join = await waysIn(opener, agent, true);
  const data = { tools: relayed(persona), ...initiationData(opener.config, opening) };
  return { vendorSessionId, join: { ...join, data } };
}

/** Names of the tools that the page registers, to carry their calls to the gateway. */
function relayed({ tools }: VendorPersona): string[] {
  return tools
    .filter(({ delivery, name }) => delivery === "client" && name !== END_CALL)
    .map(({ name }) => name);
}

async function makeTools(opener: Opener, opening: Opening): Promise<string[]> {
  const { persona, binding, ledger } = opening;
  const tools = persona.tools.filter(({ name }) => name !== END_CALL);
  const called = tools.some(({ delivery }) => delivery === "server");
  const secretId = called ? await makeSecret(opener, opening, "tools", binding.tools.secret) : undefined;
  const input = { config: opener.config, block: opening.block, binding, secretId };
  return allMade(
    tools.map((tool) =>
      ledger.make("tool", `${binding.marker} ${tool.name}`, () =>
        opener.api.tools.create(toolBody(tool, input)),
      ),
    ),
  );
}

function makeSecret(
  { api }: Opener,
  { binding, ledger }: Opening,
  what: string,
  value: string,
): Promise<string> {
  const name = `${binding.marker} ${what}`;
  return ledger.make("secret", name, () => api.secrets.create({ type: "new", name, value }));
}

async function waysIn({ api, config, clock }: Opener, agent: string, once: boolean): Promise<JoinInfo> {
  const { connection, webrtc_url } = config;
  const [signed, token] = await Promise.all([
    connection === "webrtc" ? undefined : api.conversations.signedUrl(agent, once),
    connection === "websocket" ? undefined : api.conversations.token(agent),
  ]);
  const expiresAt = clock.now() + JOIN_WITHIN_MS;
  return {
    kind: "elevenlabs",
    url: signed?.url ?? webrtc_url,
    ...(token && { token: token.token }),
    expiresAt,
  };
}

function onlyByTelephone(name: string): AstrocyteError {
  return new AstrocyteError(
    "invalid_input",
    `[elevenlabs] tool "${name}" has delivery: server, whose secret a page would have to carry to a shared agent. Use delivery: client, or strategy: agent_per_session.`,
  );
}

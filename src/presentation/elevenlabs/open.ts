import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import type {
  AdapterDeps,
  Binding,
  JoinInfo,
  OpenedSession,
  VendorBriefing,
  VendorPersona,
  VendorResource,
} from "../adapter.ts";
import { agentBody } from "./agent-body.ts";
import type { ElevenLabsApi } from "./api.ts";
import type { ElevenLabsConfig, ElevenLabsPersona } from "./config.ts";
import { initiationData } from "./initiation.ts";
import { releaseResources } from "./release.ts";
import { sessionTag } from "./sessions.ts";
import { END_CALL, toolBody } from "./tools.ts";
import { requireBlock } from "./validate.ts";

export type Opener = AdapterDeps & { config: ElevenLabsConfig; api: ElevenLabsApi };

type Recorder = (resource: VendorResource) => Promise<void>;
type Opening = {
  persona: VendorPersona;
  briefing: VendorBriefing;
  binding: Binding;
  block: ElevenLabsPersona;
  record: Recorder;
};

/** A way in is good for this long (contract §A.7). */
const JOIN_WITHIN_MS = 15 * 60_000;

/**
 * Secrets beside tools, the agent, the way in; on an agent of yours the way in alone. What is created is recorded
 * before the next step, and taken back when a later one fails. Billing starts when the page connects.
 */
export async function openSession(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const block = requireBlock(opener.config, persona);
  const resources: VendorResource[] = [];
  const record = async (resource: VendorResource) => {
    resources.push(resource);
    await binding.onResource(resource);
  };
  const opening = { persona, briefing, binding, block, record };
  try {
    const shared = opener.config.strategy === "shared_agent";
    const found = shared ? await openShared(opener, opening) : await openOwn(opener, opening);
    return { ...found, resources };
  } catch (error) {
    await takeBack(opener, resources, binding.sessionId);
    throw error;
  }
}

type Found = Omit<OpenedSession, "resources">;

async function openOwn(opener: Opener, opening: Opening): Promise<Found> {
  const { binding, record } = opening;
  const [secret, tools] = await Promise.allSettled([
    makeSecret(opener, opening, "brain", binding.brain.apiKey),
    makeTools(opener, opening),
  ]);
  if (secret.status === "rejected") throw secret.reason;
  if (tools.status === "rejected") throw tools.reason;
  await record({ kind: "agent_name", id: binding.marker });
  const body = agentBody({ ...opening, config: opener.config, secretId: secret.value, toolIds: tools.value });
  const agent = await opener.api.agents.create(body);
  await record({ kind: "agent", id: agent });
  const join = await waysIn(opener, agent, false);
  return { vendorSessionId: agent, join: { ...join, data: { tools: relayed(opening.persona) } } };
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
  const { persona, binding } = opening;
  const tools = persona.tools.filter(({ name }) => name !== END_CALL);
  const called = tools.some(({ delivery }) => delivery === "server");
  const secretId = called ? await makeSecret(opener, opening, "tools", binding.tools.secret) : undefined;
  const input = { config: opener.config, block: opening.block, binding, secretId };
  const made = await Promise.allSettled(
    tools.map(async (tool) => {
      await opening.record({ kind: "tool_name", id: `${binding.marker} ${tool.name}` });
      const id = await opener.api.tools.create(toolBody(tool, input));
      await opening.record({ kind: "tool", id });
      return id;
    }),
  );
  return made.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
}

async function makeSecret({ api }: Opener, opening: Opening, what: string, value: string): Promise<string> {
  const name = `${opening.binding.marker} ${what}`;
  await opening.record({ kind: "secret_name", id: name });
  const id = await api.secrets.create({ type: "new", name, value });
  await opening.record({ kind: "secret", id });
  return id;
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

async function takeBack({ api, logger }: Opener, resources: VendorResource[], sessionId: string) {
  await releaseResources(api, resources).catch((error) =>
    logger.warn(
      { sessionId, code: toAstrocyteError(error).code },
      "what a failed open left at elevenlabs is left to the sweep",
    ),
  );
}

function onlyByTelephone(name: string): AstrocyteError {
  return new AstrocyteError(
    "invalid_input",
    `[elevenlabs] tool "${name}" has delivery: server, whose secret a page would have to carry to a shared agent. Use delivery: client, or strategy: agent_per_session.`,
  );
}

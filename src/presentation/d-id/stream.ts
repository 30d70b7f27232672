import { type Clock, toIso } from "../../core/clock.ts";
import { AstrocyteError } from "../../core/errors.ts";
import type { Binding, OpenedSession, SessionCommand, SessionHandle } from "../adapter.ts";
import { idsOf, type Ledger } from "../resources.ts";
import type { AgentInput } from "./agent.ts";
import type { DIdApi, Stream } from "./api.ts";
import { assertLength } from "./commands.ts";
import type { DIdConfig } from "./config.ts";
import type { Opener } from "./open.ts";
import { agentOf, readStreams, streamRecord } from "./release.ts";

/** Gives a page the key that it may have (contract §2.1). */
export type ClientKeys = (agentId: string, binding: Binding) => Promise<string>;

/** The account's client key is looked up once, and made where there is none; an agent's own is made for the session. */
export function createClientKeys(api: DIdApi, config: DIdConfig): ClientKeys {
  let shared: Promise<string> | undefined;
  const domains = config.allowed_domains ?? [];
  const find = async () => {
    const known = await api.clientKeys.get().catch((error) => {
      if (!AstrocyteError.is(error, "vendor_not_found")) throw error;
    });
    return known ?? api.clientKeys.create(domains);
  };
  return async (agentId, binding) => {
    if (config.client_key !== undefined) return config.client_key;
    if (config.client_key_scope === "agent")
      return api.clientKeys.createFor(agentId, domains, binding.marker);
    shared ??= find();
    shared.catch(() => {
      shared = undefined;
    });
    return shared;
  };
}

/**
 * A V1 stream (§2.6). The page answers its offer at D-ID itself, under the client key: our own key stays here. The
 * chat comes first, so that nothing is left to do once the stream may cost.
 */
export async function openStream(
  { api, config, clientKeys }: Opener,
  { binding }: AgentInput,
  agentId: string,
  ledger: Ledger,
): Promise<Omit<OpenedSession, "resources">> {
  const token = await clientKeys(agentId, binding);
  const chatId = await api.createChat(agentId, config.chat_persist);
  await ledger.record("chat", chatId);
  const stream = await api.streams.create(agentId, {
    stream_warmup: true,
    session_timeout: config.session_timeout_s,
    compatibility_mode: "auto",
    ...(config.output_resolution !== undefined && { output_resolution: config.output_resolution }),
  });
  await ledger.record("stream", streamRecord(stream.id, stream.sessionId));
  return { vendorSessionId: stream.id, join: joinOf(config, agentId, chatId, stream, token) };
}

function joinOf(
  config: DIdConfig,
  agentId: string,
  chatId: string,
  { id, sessionId, offer, iceServers }: Stream,
  token: string,
): OpenedSession["join"] {
  const base = config.base_url.replace(/\/+$/, "");
  return {
    kind: "d-id-webrtc",
    url: `${base}/agents/${agentId}/streams/${id}`,
    token,
    data: {
      agent_id: agentId,
      chat_id: chatId,
      stream_id: id,
      session_id: sessionId,
      offer,
      ice_servers: iceServers,
    },
  };
}

/** `say` and `respond` go through D-ID's API in V1. Errors: `not_supported` for the others, `gone` after the end. */
export async function commandStream(
  api: DIdApi,
  clock: Clock,
  session: SessionHandle,
  command: SessionCommand,
): Promise<void> {
  assertLength(command);
  const stream = readStreams(session.resources).find(({ id }) => id === session.vendorSessionId);
  const [agentId, chatId] = [agentOf(session), idsOf(session.resources, "chat")[0]];
  if (!stream || agentId === undefined || chatId === undefined)
    throw new AstrocyteError("gone", "[d-id] the session has no stream. Open a new one.");
  if (command.kind === "say") {
    const script = { type: "text", input: command.text };
    return api.streams.speak(agentId, stream.id, { session_id: stream.sessionId, script, metadata: {} });
  }
  if (command.kind !== "respond") throw notInV1(command.kind);
  const messages = [{ role: "user", content: command.text, created_at: toIso(clock.now()) }];
  const body = { messages, streamId: stream.id, sessionId: stream.sessionId, chatMode: "Functional" };
  await api.chat(agentId, chatId, body);
}

function notInV1(kind: string): AstrocyteError {
  return new AstrocyteError("not_supported", `[d-id] a V1 stream cannot ${kind}. See \`astrocyte vendors\`.`);
}

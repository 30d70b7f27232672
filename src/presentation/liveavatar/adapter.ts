import { AstrocyteError } from "../../core/errors.ts";
import type { AdapterDeps, Capabilities, PresentationAdapter } from "../adapter.ts";
import { listLeft } from "../resources.ts";
import { createLiveAvatarApi, type LiveAvatarApi } from "./api.ts";
import { briefingCharacters } from "./bodies.ts";
import { commandMessage, MAX_PACKET_BYTES } from "./commands.ts";
import { type LiveAvatarConfig, type LiveAvatarConfigInput, parseLiveAvatarConfig } from "./config.ts";
import { parseClientEvent } from "./events.ts";
import { openSession } from "./open.ts";
import { endSession, isActive, keepAlive, kindsOf, listOpen, releaseResources } from "./release.ts";
import { fetchTranscript } from "./transcript.ts";
import { validatePersona } from "./validate.ts";

/**
 * HeyGen's LiveAvatar in FULL mode (see docs/vendors/liveavatar.md).
 *
 * Cost: opening takes four calls one after another (context beside secret, LLM configuration, token, start), two
 * without a model of ours on a context of yours, one less where the page starts. Errors: `config_invalid` here,
 * `vendor_*` in the calls.
 */
export function createLiveAvatarAdapter(
  input: LiveAvatarConfigInput,
  deps: AdapterDeps,
): PresentationAdapter {
  const config = parseLiveAvatarConfig(input);
  const api = createLiveAvatarApi({
    baseUrl: config.base_url,
    apiKey: config.api_key,
    successCodes: config.success_codes,
    timeoutMs: config.timeout_ms,
    clock: deps.clock,
  });
  const opener = { ...deps, config, api };
  return {
    vendor: "liveavatar",
    capabilities: capabilitiesOf(config),
    validate: (persona) => validatePersona(config, persona),
    open: (briefing, persona, binding) => openSession(opener, briefing, persona, binding),
    end: (session, reason) => endSession(api, session.vendorSessionId, reason),
    release: (resources) => releaseResources(api, resources),
    parseClientEvent,
    fetchTranscript: (session) => fetchTranscript(api, session.vendorSessionId),
    keepAlive: (session) => keepAlive(api, session.vendorSessionId),
    isOpen: (session) => isOpen(api, config, session.vendorSessionId),
    // Only a context of the session's own tells whose session it is.
    ...(config.strategy === "context_per_session" && { listOpen: () => listOpen(api, deps.clock) }),
    listLeft: () => listLeft(kindsOf(api)),
    clientInstruction: commandMessage,
  };
}

function capabilitiesOf(config: LiveAvatarConfig): Capabilities {
  return {
    family: "conversational",
    briefing: briefingOf(config),
    customLlm: config.custom_llm ? "openai-base-url" : "none",
    tools: "none",
    // Only the room's data channel takes commands, and none of them is context.
    say: "client",
    respond: "client",
    interrupt: "client",
    appendContext: "none",
    transcript: ["pull", "client-events"],
    webhooks: "none",
    stop: "server",
    speaksMarkup: true,
    keepAliveMs: config.keep_alive_ms,
    maxMessageBytes: MAX_PACKET_BYTES,
    ...(config.cents_per_minute !== undefined && { centsPerMinute: config.cents_per_minute }),
  };
}

/** With our model on a context of yours the brain adds the briefing: nothing of it is at the vendor. */
function briefingOf(config: LiveAvatarConfig): Capabilities["briefing"] {
  const tokens = { unit: "tokens", max: config.briefing_max_tokens } as const;
  if (config.strategy === "context_per_session") return { kind: "stored-resource", limit: tokens };
  if (config.custom_llm) return { kind: "none", limit: tokens };
  return { kind: "variables", limit: { unit: "characters", max: briefingCharacters(config) } };
}

/** A session that the page has yet to start looks like one that is over, unless LiveAvatar says when it ended. */
async function isOpen(
  api: LiveAvatarApi,
  config: LiveAvatarConfig,
  id: string,
): Promise<boolean | undefined> {
  if (await isActive(api, id)) return true;
  if (config.start === "server") return false;
  try {
    const { endedAt, endReason } = await api.sessions.get(id);
    return endedAt === undefined && endReason === undefined ? undefined : false;
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return undefined;
    throw error;
  }
}

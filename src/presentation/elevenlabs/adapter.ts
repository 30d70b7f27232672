import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import type {
  AdapterDeps,
  Capabilities,
  PresentationAdapter,
  SessionCommand,
  SessionHandle,
  VendorTurn,
} from "../adapter.ts";
import { text } from "../read.ts";
import { listLeft, releaseAll } from "../resources.ts";
import { gone } from "../vendor-http.ts";
import { createElevenLabsApi, type ElevenLabsApi } from "./api.ts";
import { readClientEvent } from "./client-events.ts";
import { clientInstruction, toolResultInstruction, unsupported } from "./commands.ts";
import {
  type ElevenLabsConfig,
  type ElevenLabsConfigInput,
  parseElevenLabsConfig,
  validatePersona,
} from "./config.ts";
import { createInbound } from "./inbound.ts";
import { type MonitorCommand, sendToMonitor } from "./monitor.ts";
import { openSession } from "./open.ts";
import { kindsOf } from "./release.ts";
import { isOver, isRunning, recordsOf } from "./sessions.ts";
import { readTranscript } from "./transcript.ts";
import { parseToolRequest, parseWebhook, sessionOfWebhook } from "./webhook.ts";

/**
 * ElevenLabs Agents (see docs/vendors/elevenlabs.md).
 *
 * Cost: opening takes three or four calls one after another (secrets beside tools, agent, way in); with an agent
 * of yours one. Errors: `config_invalid` here, `vendor_*` in the calls.
 */
export function createElevenLabsAdapter(
  input: ElevenLabsConfigInput,
  deps: AdapterDeps,
): PresentationAdapter {
  const config = parseElevenLabsConfig(input);
  const access = { baseUrl: config.base_url, apiKey: config.api_key, timeoutMs: config.timeout_ms };
  const api = createElevenLabsApi({ ...access, clock: deps.clock });
  const parts: Parts = {
    ...{ ...deps, config, api },
    tell: (conversationId, command) =>
      sendToMonitor({ ...access, clock: deps.clock }, conversationId, command),
  };
  const { inbound_secret, webhook_secret } = config;
  const capabilities = capabilitiesOf(config);
  return {
    vendor: "elevenlabs",
    capabilities,
    validate: (persona) => validatePersona(config, persona),
    open: (briefing, persona, binding) => openSession(parts, briefing, persona, binding),
    end: (session) => endSession(parts, session),
    release: (resources) => releaseAll(kindsOf(api), resources),
    ...(webhook_secret !== undefined && {
      sessionOfWebhook: (request) => sessionOfWebhook(parts, request),
      parseWebhook: (request) => parseWebhook(parts, request),
    }),
    ...(capabilities.tools === "both" && { parseToolRequest }),
    ...(inbound_secret !== undefined && { inbound: createInbound(config, inbound_secret, answered(deps)) }),
    parseClientEvent: readClientEvent,
    fetchTranscript: (session) => fetchTranscript(parts, session),
    isOpen: (session) => isOpen(parts, session),
    listLeft: () => listLeft(kindsOf(api)),
    ...(config.monitoring && { command: (session, command) => appendContext(parts, session, command) }),
    clientInstruction: (session, command) => {
      if (config.monitoring && command.kind === "append_context") throw unsupported(command);
      return clientInstruction(session, command);
    },
    toolResultInstruction,
  };
}

/** The person is on the line: without a page nobody says so, and a call that is taken for empty is ended. */
function answered({ sink, logger }: AdapterDeps): (sessionId: string) => void {
  return (sessionId) => {
    sink(sessionId, [{ type: "joined", who: "person" }]).catch((error) =>
      logger.warn({ sessionId, code: toAstrocyteError(error).code }, "a call's beginning was not noted"),
    );
  };
}

type Parts = AdapterDeps & {
  config: ElevenLabsConfig;
  api: ElevenLabsApi;
  tell(conversationId: string, command: MonitorCommand): Promise<void>;
};

function capabilitiesOf(config: ElevenLabsConfig): Capabilities {
  const { strategy, monitoring, webhook_secret, inbound_secret, cents_per_minute, buffer_words } = config;
  const shared = strategy === "shared_agent";
  const signed = webhook_secret !== undefined;
  return {
    family: "voice-agent",
    // The brain adds it on a shared agent: the page may not see it.
    briefing: {
      kind: shared ? "none" : "stored-resource",
      limit: { unit: "tokens", max: config.briefing_max_tokens },
    },
    customLlm: "openai-base-url",
    tools: shared && inbound_secret === undefined ? "client" : "both",
    say: "none",
    respond: "client",
    interrupt: "none",
    appendContext: monitoring ? "server" : "client",
    transcript: [...(signed ? (["webhook"] as const) : []), "pull", "client-events"],
    webhooks: signed ? "signed" : "none",
    // Without monitoring nothing ends a conversation from here: an agent that is gone lets nobody in any more.
    stop: monitoring ? "server" : shared ? "none" : "room",
    speaksMarkup: true,
    ...(inbound_secret !== undefined && { inbound: true }),
    // An ellipsis and a space let the voice begin (contract §A.8).
    ...(buffer_words !== undefined && { bufferWords: buffer_words.replace(/[.\s]*$/, "... ") }),
    ...(cents_per_minute !== undefined && { centsPerMinute: cents_per_minute }),
  };
}

/**
 * Hangs up where the plan lets us, and shuts the door behind: the session's agent goes, and with it every way in.
 * A conversation that still runs gets no more answers, since its brain key died with the session.
 */
async function endSession(parts: Parts, session: SessionHandle): Promise<void> {
  const { api, config } = parts;
  if (config.monitoring) await hangUp(parts, session);
  if (config.strategy === "agent_per_session") await gone(api.agents.remove(session.vendorSessionId));
}

async function hangUp(parts: Parts, { vendorSessionId }: SessionHandle): Promise<void> {
  for (const record of (await recordsOf(parts, vendorSessionId)).filter(isRunning)) {
    const id = text(record["conversation_id"]) ?? "";
    try {
      await parts.tell(id, { command_type: "end_call" });
    } catch (error) {
      // It may have ended meanwhile, or not have begun.
      if (!AstrocyteError.is(error, "vendor_not_found")) throw error;
    }
  }
}

async function appendContext(parts: Parts, session: SessionHandle, command: SessionCommand): Promise<void> {
  if (command.kind !== "append_context") throw unsupported(command);
  const running = (await recordsOf(parts, session.vendorSessionId)).filter(isRunning).at(-1);
  if (!running) {
    throw new AstrocyteError(
      "vendor_not_found",
      "[elevenlabs] nobody is in the conversation yet. Try later.",
    );
  }
  const parameters = { contextual_update: command.text };
  await parts.tell(String(running["conversation_id"]), { command_type: "contextual_update", parameters });
}

/** The record grows until its conversation is done; one that is not there may still come. */
async function fetchTranscript(
  parts: Parts,
  session: SessionHandle,
): Promise<{ turns: VendorTurn[]; complete: boolean }> {
  const records = await recordsOf(parts, session.vendorSessionId);
  return { turns: records.flatMap(readTranscript), complete: records.length > 0 && records.every(isOver) };
}

/** Before somebody came there is no conversation to ask about. */
async function isOpen(parts: Parts, session: SessionHandle): Promise<boolean | undefined> {
  const records = await recordsOf(parts, session.vendorSessionId);
  return records.length === 0 ? undefined : records.some(isRunning);
}

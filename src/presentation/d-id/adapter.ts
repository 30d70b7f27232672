import { createKeyedLock } from "../../core/keyed-lock.ts";
import type { AdapterDeps, Capabilities, PresentationAdapter } from "../adapter.ts";
import { parseVendorConfig } from "../vendor-config.ts";
import { createDIdApi } from "./api.ts";
import { readClientEvent } from "./client-events.ts";
import { commandMessage, MAX_MESSAGE_BYTES } from "./commands.ts";
import { type DIdConfig, type DIdConfigInput, dIdConfig, inRoom, validatePersona } from "./config.ts";
import { dIdDialect } from "./dialect.ts";
import { openSession } from "./open.ts";
import { closeStream, listLeft, releaseResources } from "./release.ts";
import { commandStream, createClientKeys } from "./stream.ts";
import { createTranscripts } from "./transcript.ts";

/**
 * D-ID's Agents (see docs/vendors/d-id.md).
 *
 * Cost: opening takes three calls one after another (agent beside tools, attach, status) until the agent can be
 * used, then the session; with a shared agent one. Errors: `config_invalid` here, `vendor_*` in the calls.
 */
export function createDIdAdapter(input: DIdConfigInput, deps: AdapterDeps): PresentationAdapter {
  const config = parseVendorConfig("d-id", dIdConfig, input);
  const api = createDIdApi({
    baseUrl: config.base_url,
    apiKey: config.api_key,
    auth: config.auth,
    agentsPath: config.agents_path,
    timeoutMs: config.timeout_ms,
    clock: deps.clock,
  });
  const opener = { ...deps, config, api, clientKeys: createClientKeys(api, config), lock: createKeyedLock() };
  const transcripts = createTranscripts({ ...deps, api, config });
  return {
    vendor: "d-id",
    capabilities: capabilitiesOf(config),
    validate: (persona) => validatePersona(config, persona),
    open: (briefing, persona, binding) => openSession(opener, briefing, persona, binding),
    async end(session) {
      // A V2 room has no end call: it is over when the page, told by our `ended` event, leaves.
      await closeStream(api, session.resources, session.vendorSessionId);
      if (config.transcript_export) await transcripts.end(session);
    },
    release: (resources) => releaseResources(api, resources),
    ...(config.strategy === "agent_per_session" && { listLeft: () => listLeft(api) }),
    parseClientEvent(message, session) {
      const events = readClientEvent(message);
      transcripts.heard(session, events);
      return events;
    },
    ...(config.transcript_export && { fetchTranscript: transcripts.fetch }),
    ...(config.custom_llm && { dialect: dIdDialect }),
    ...(config.mode === "v2"
      ? { clientInstruction: (_session, command) => commandMessage(command, config.sentiment) }
      : { command: (session, command) => commandStream(api, deps.clock, session, command) }),
  };
}

function capabilitiesOf(config: DIdConfig): Capabilities {
  const v2 = config.mode === "v2";
  const max = config.briefing_max_characters;
  return {
    family: "conversational",
    briefing: {
      kind:
        config.strategy === "shared_agent" && config.shared_binding === "none" ? "none" : "stored-resource",
      ...(max !== undefined && { limit: { unit: "characters", max } }),
    },
    customLlm: config.custom_llm ? "vendor-dialect" : "none",
    tools: inRoom(config) ? "client" : "none",
    say: v2 ? "client" : "server",
    respond: v2 ? "client" : "server",
    interrupt: v2 ? "client" : "none",
    appendContext: "none",
    transcript: config.transcript_export ? ["client-events", "export"] : ["client-events"],
    webhooks: "none",
    stop: v2 ? "room" : "server",
    speaksMarkup: true,
    ...(v2 && { maxMessageBytes: MAX_MESSAGE_BYTES }),
    ...(config.cents_per_minute !== undefined && { centsPerMinute: config.cents_per_minute }),
  };
}

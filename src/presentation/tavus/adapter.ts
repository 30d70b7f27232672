import { AstrocyteError } from "../../core/errors.ts";
import type {
  AdapterDeps,
  Capabilities,
  PresentationAdapter,
  SessionHandle,
  VendorTurn,
} from "../adapter.ts";
import { MARKER_PREFIX } from "../resources.ts";
import { parseVendorConfig } from "../vendor-config.ts";
import { createTavusApi, type TavusApi } from "./api.ts";
import { createClientEvents } from "./client-events.ts";
import { commandMessage, MAX_MESSAGE_BYTES, toolResultMessage } from "./commands.ts";
import { type TavusConfig, type TavusConfigInput, tavusConfig, validatePersona } from "./config.ts";
import { readEvent } from "./events.ts";
import { openConversation } from "./open.ts";
import { endConversation, isActive, releaseResources } from "./release.ts";
import { createToolRegistry } from "./tools.ts";
import { parseTavusToolRequest, parseTavusWebhook } from "./webhook.ts";

/**
 * Tavus's Conversational Video Interface (see docs/vendors/tavus.md).
 *
 * Cost: opening takes three calls one after another (PAL beside tools, attach, conversation), half a second
 * each; with a shared PAL two, without tools one. Errors: `config_invalid` here, `vendor_*` in the calls.
 */
export function createTavusAdapter(input: TavusConfigInput, deps: AdapterDeps): PresentationAdapter {
  const config = parseVendorConfig("tavus", tavusConfig, input);
  const api = createTavusApi({
    baseUrl: config.base_url,
    apiKey: config.api_key,
    vocabulary: config.vocabulary,
    timeoutMs: config.timeout_ms,
    clock: deps.clock,
  });
  const opener = { ...deps, config, api, registry: createToolRegistry(api) };
  return {
    vendor: "tavus",
    capabilities: capabilitiesOf(config),
    validate: (persona) => validatePersona(config, persona),
    open: (briefing, persona, binding) => openConversation(opener, briefing, persona, binding),
    end: (session) => endConversation(api, session.vendorSessionId),
    release: (resources) => releaseResources(api, resources),
    parseWebhook: async (request) => parseTavusWebhook(request),
    ...(config.strategy === "pal_per_session" && { parseToolRequest: parseTavusToolRequest }),
    parseClientEvent: createClientEvents(),
    fetchTranscript: (session) => fetchTranscript(api, config, deps, session),
    isOpen: (session) => isActive(api, session.vendorSessionId),
    listOpen: () => listOpen(api, deps),
    clientInstruction: commandMessage,
    toolResultInstruction: toolResultMessage,
  };
}

function capabilitiesOf(config: TavusConfig): Capabilities {
  const shared = config.strategy === "shared_pal";
  return {
    family: "conversational",
    briefing: {
      kind: shared ? "inline" : "stored-resource",
      limit: { unit: "tokens", max: config.briefing_max_tokens },
    },
    customLlm: config.custom_llm ? "openai-base-url" : "none",
    tools: shared ? "client" : "both",
    // Only the room's data channel takes commands (contract §16).
    say: "client",
    respond: "client",
    interrupt: "client",
    appendContext: "client",
    transcript: ["webhook", "pull", "client-events"],
    webhooks: "unsigned",
    stop: "server",
    speaksMarkup: true,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    ...(config.cents_per_minute !== undefined && { centsPerMinute: config.cents_per_minute }),
  };
}

/** Tavus's own record fills up a minute or two after the call (§2.2). */
async function fetchTranscript(
  api: TavusApi,
  config: TavusConfig,
  { clock }: AdapterDeps,
  session: SessionHandle,
): Promise<{ turns: VendorTurn[]; complete: boolean }> {
  try {
    const { events, status, updatedAt } = await api.conversations.get(session.vendorSessionId, {
      verbose: true,
    });
    const found = events.flatMap(readEvent).findLast((event) => event.type === "transcript");
    if (found) return { turns: found.turns, complete: true };
    const since = updatedAt ?? clock.now();
    return { turns: [], complete: status === "ended" && clock.now() - since >= config.transcript_wait_ms };
  } catch (error) {
    // Deleted there: nothing more will come.
    if (AstrocyteError.is(error, "vendor_not_found")) return { turns: [], complete: true };
    throw error;
  }
}

async function listOpen(api: TavusApi, { clock }: AdapterDeps) {
  const open: Array<{ vendorSessionId: string; marker: string; createdAt: number }> = [];
  for await (const { id, name, createdAt } of api.conversations.all("active")) {
    if (name.startsWith(MARKER_PREFIX)) {
      open.push({ vendorSessionId: id, marker: name, createdAt: createdAt ?? clock.now() });
    }
  }
  return open;
}

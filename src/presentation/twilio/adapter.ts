import { AstrocyteError } from "../../core/errors.ts";
import { createHttpClient } from "../../core/http.ts";
import type {
  AdapterDeps,
  Capabilities,
  PresentationAdapter,
  SessionCommand,
  SessionHandle,
} from "../adapter.ts";
import { parseToolRequest } from "../tool-desk.ts";
import { parseVendorConfig } from "../vendor-config.ts";
import { createTwilioApi, type TwilioApi } from "./api.ts";
import { type TwilioConfig, type TwilioConfigInput, twilioConfig, validatePersona } from "./config.ts";
import { isHandedOver, isRunning, type Opener, openCall, releaseCalls } from "./open.ts";
import { Relay, type RelayParts } from "./relay.ts";
import { isSignedSocket } from "./signature.ts";
import { inboundCalls, readCallback, reply, sessionOf } from "./webhook.ts";

/** Reasons of ours after which the agent's last words are heard out. */
const GENTLE = new Set(["agent_ended", "max_duration", "daily_limit", "drain"]);

/**
 * Telephone calls by Twilio Voice and ConversationRelay (see docs/vendors/twilio.md): Twilio hears and speaks,
 * the words pass through us.
 *
 * Cost: answering is no call of the API, calling one; Twilio bills from the moment somebody answers.
 * Errors: `config_invalid` here, `invalid_input` without a number to call, `vendor_*` in the calls.
 */
export function createTwilioAdapter(input: TwilioConfigInput, deps: AdapterDeps): PresentationAdapter {
  const config = parseVendorConfig("twilio", twilioConfig, input);
  const { clock } = deps;
  const codes = { unreachable: "llm_unavailable", timeout: "llm_timeout" } as const;
  const parts: RelayParts = { ...deps, config, http: createHttpClient({ area: "twilio", clock, codes }) };
  const opener: Opener = { ...deps, config, api: apiOf(config, deps), known: new Set() };
  const relays = new Map<string, Relay>();
  return {
    vendor: "twilio",
    capabilities: capabilitiesOf(config),
    validate: validatePersona,
    open: (briefing, persona, binding) => openCall(opener, briefing, persona, binding),
    end: (session, reason) => endCall(opener, relays, session, reason),
    release: (resources) => releaseCalls(opener, resources),
    parseWebhook: async (request) => readCallback(config, request),
    sessionOfWebhook: async (request) => sessionOf(config, request),
    webhookReply: (request, call) => reply(config, request, call),
    parseToolRequest,
    inbound: inboundCalls(config),
    isOpen: (session) => isOpen(opener.api, session),
    connect(socket, call) {
      if (config.require_socket_signature && !isSignedSocket(config.auth_token, call.request))
        return socket.close(1008, "the signature is wrong");
      // The configuration may have changed since the call began.
      if (validatePersona(call.persona).length > 0)
        return socket.close(1011, "the persona does not fit any more");
      const { sessionId } = call.binding;
      const relay = relays.get(sessionId) ?? new Relay(parts, call);
      relays.set(sessionId, relay);
      relay.attach(socket);
    },
    async command(session, command) {
      requireRelay(relays, session, command).command(command);
    },
  };
}

function apiOf(config: TwilioConfig, { clock }: AdapterDeps): TwilioApi {
  const { account_sid: accountSid, auth_token, api_key, api_key_secret } = config;
  return createTwilioApi({
    accountSid,
    user: api_key ?? accountSid,
    password: api_key_secret ?? auth_token,
    baseUrl: config.base_url,
    timeoutMs: config.timeout_ms,
    clock,
  });
}

function capabilitiesOf({ cents_per_minute }: TwilioConfig): Capabilities {
  return {
    family: "telephony",
    // The brain, which is asked for every answer, adds it.
    briefing: { kind: "none" },
    customLlm: "openai-base-url",
    tools: "server",
    say: "server",
    respond: "server",
    // No message of the relay stops what Twilio has been given to speak (contract §E.2).
    interrupt: "none",
    appendContext: "server",
    transcript: ["own"],
    webhooks: "signed",
    stop: "server",
    speaksMarkup: true,
    inbound: true,
    ...(cents_per_minute !== undefined && { centsPerMinute: cents_per_minute }),
  };
}

async function endCall(
  { api, known }: Opener,
  relays: Map<string, Relay>,
  { sessionId, vendorSessionId, resources }: SessionHandle,
  reason: string,
): Promise<void> {
  const relay = relays.get(sessionId);
  await relay?.end(GENTLE.has(reason));
  relays.delete(sessionId);
  known.delete(vendorSessionId);
  if (!isHandedOver(resources)) await api.complete(vendorSessionId);
}

async function isOpen(api: TwilioApi, { vendorSessionId }: SessionHandle): Promise<boolean> {
  try {
    return isRunning((await api.get(vendorSessionId)).status);
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return false;
    throw error;
  }
}

function requireRelay(
  relays: Map<string, Relay>,
  { sessionId }: SessionHandle,
  { kind }: SessionCommand,
): Relay {
  if (kind === "interrupt")
    throw new AstrocyteError("not_supported", "[twilio] what Twilio was given to speak cannot be stopped.");
  const relay = relays.get(sessionId);
  if (relay && (relay.isConnected || kind === "append_context")) return relay;
  throw new AstrocyteError(
    "vendor_not_found",
    `[twilio] session ${sessionId} is not connected here: nobody has answered yet, or the line was lost. Try again.`,
  );
}

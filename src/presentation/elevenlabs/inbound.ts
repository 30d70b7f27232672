import { AstrocyteError } from "../../core/errors.ts";
import { safeEqual } from "../../core/secrets.ts";
import type { CallbackRequest, InboundCall, InboundCalls, RunningCall, VendorReply } from "../adapter.ts";
import { parseRow, text } from "../read.ts";
import { initiationData } from "./agent-body.ts";
import { type ElevenLabsConfig, elevenLabsPersona } from "./config.ts";
import { headerOf } from "./webhook.ts";

export const INBOUND_SECRET_HEADER = "x-astrocyte-inbound-secret";

/**
 * Calls to a Twilio number at ElevenLabs, which asks us how each begins (contract §A.9). `onAnswered` is told of each
 * that we take: nobody else reports that a person is there.
 */
export function createInbound(
  config: ElevenLabsConfig,
  secret: string,
  onAnswered: (sessionId: string) => void,
): InboundCalls {
  return {
    answerWithinMs: config.inbound_answer_within_ms,
    parse: (request) => parseCall(request, secret),
    accept(call) {
      onAnswered(call.session.sessionId);
      return acceptCall(config, call);
    },
    decline: () => declineCall(config),
  };
}

/** ElevenLabs signs nothing here: the secret stands in a header that is configured beside the address. */
function parseCall(request: CallbackRequest, secret: string): InboundCall {
  if (!safeEqual(headerOf(request, INBOUND_SECRET_HEADER) ?? "", secret)) {
    throw new AstrocyteError(
      "unauthenticated",
      `[elevenlabs] the call does not carry presentation.elevenlabs.inbound_secret in ${INBOUND_SECRET_HEADER}.`,
    );
  }
  const body = parseRow("elevenlabs", request.body);
  const field = (name: string) => {
    const value = text(body[name]);
    if (value !== undefined) return value;
    throw new AstrocyteError(
      "invalid_input",
      `[elevenlabs] the call lacks ${name}. See docs/vendors/elevenlabs.md.`,
    );
  };
  const facts = Object.entries({ agent_id: body["agent_id"], conversation_id: body["conversation_id"] });
  return {
    callId: field("call_sid"),
    from: field("caller_id"),
    to: field("called_number"),
    facts: Object.fromEntries(facts.filter((fact): fact is [string, string] => typeof fact[1] === "string")),
  };
}

/** No browser is in this call, so what the agent's own webhook tools need may go along (see the docs page). */
function acceptCall(config: ElevenLabsConfig, { briefing, persona, binding }: RunningCall): VendorReply {
  const block = elevenLabsPersona.parse(persona.vendor);
  const data = initiationData(config, { briefing, persona, binding, block });
  const tools = {
    astrocyte_call: binding.tools.url.split("/").at(-1)!,
    secret__astrocyte_tools: binding.tools.secret,
  };
  return reply({ ...data, dynamic_variables: { ...(data["dynamic_variables"] as object), ...tools } });
}

/** The caller hears why, then the brain refuses a token that is none, and the call is over. */
function declineCall(config: ElevenLabsConfig): VendorReply {
  return reply({
    conversation_config_override: { agent: { first_message: config.decline_message } },
    custom_llm_extra_body: { astrocyte_context: "declined" },
    dynamic_variables: config.dynamic_variables,
  });
}

function reply(data: Record<string, unknown>): VendorReply {
  const body = JSON.stringify({ type: "conversation_initiation_client_data", ...data });
  return { status: 200, contentType: "application/json", body };
}

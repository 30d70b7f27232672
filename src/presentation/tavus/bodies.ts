import { contextLine } from "../../core/context-line.ts";
import { AstrocyteError } from "../../core/errors.ts";
import type { Binding, VendorBriefing, VendorPersona } from "../adapter.ts";
import type { Row } from "../read.ts";
import { languageName, type TavusConfig, type TavusPersona } from "./config.ts";
import type { Names } from "./names.ts";

export type BodyInput = {
  config: TavusConfig;
  names: Names;
  block: TavusPersona;
  persona: VendorPersona;
  briefing: VendorBriefing;
  binding: Binding;
};

/** A PAL of one session: its prompt is the briefing, its model our brain under the session's own key (§12). */
export function palBody({ config, names, block, briefing, binding }: BodyInput): Row {
  const { baseUrl, apiKey, model } = binding.brain;
  const llm = {
    speculative_inference: config.speculative_inference,
    ...block.layers?.["llm"],
    base_url: baseUrl,
    api_key: apiKey,
    model,
  };
  return {
    ...block.pal,
    [names.palName]: binding.marker,
    system_prompt: briefing.text,
    pipeline_mode: "full",
    [names.defaultFaceId]: block.face_id ?? config.face_id,
    layers: config.custom_llm ? { ...block.layers, llm } : { ...block.layers },
  };
}

/** Limits in whole seconds, never zero: `0` of the left timeout would end the call at the first reload (§2.1). */
export function conversationBody(input: BodyInput, palId: string): Row {
  const { config, names, block, persona, briefing, binding } = input;
  const face = block.face_id ?? config.face_id;
  return {
    ...block.conversation,
    [names.palId]: palId,
    ...(face !== undefined && { [names.faceId]: face }),
    conversation_name: binding.marker,
    callback_url: binding.callbackUrl,
    ...context(input),
    ...greeting(config, briefing),
    ...vendorMemory(config, binding),
    ...(config.private_room && { require_auth: true }),
    ...(config.test_mode && { test_mode: true }),
    properties: {
      enable_closed_captions: config.closed_captions,
      ...language(config, persona),
      ...block.properties,
      max_call_duration: seconds(binding.limits.maxDurationMs),
      participant_absent_timeout: seconds(binding.limits.absentTimeoutMs),
      participant_left_timeout: seconds(binding.limits.leftTimeoutMs),
    },
  };
}

/** On a shared PAL the session is told by a signed line, which the brain takes from system messages alone. */
function context({ config, briefing, binding }: BodyInput): Row {
  if (config.strategy === "pal_per_session") return {};
  const line = config.custom_llm ? `${contextLine(binding.brain.contextToken)}\n\n` : "";
  return { conversational_context: line + briefing.text };
}

function greeting(config: TavusConfig, briefing: VendorBriefing): Row {
  if (briefing.greeting !== undefined) return { custom_greeting: briefing.greeting };
  return config.dynamic_greeting_field === undefined ? {} : { [config.dynamic_greeting_field]: true };
}

function vendorMemory(config: TavusConfig, { personTag }: Binding): Row {
  if (config.vendor_memory === "off") return {};
  if (personTag === undefined) {
    throw new AstrocyteError(
      "config_invalid",
      "[tavus] vendor_memory is on, but the session gives no tag of the person. Turn vendor_memory off.",
    );
  }
  return { [config.vendor_memory === "participant_tag" ? "participant_tags" : "memory_stores"]: [personTag] };
}

function language(config: TavusConfig, persona: VendorPersona): Row {
  if (config.language_field === "none") return {};
  const field = config.language_field;
  if (config.language !== undefined)
    return { [field]: field === "languages" ? [config.language] : config.language };
  const [code = "en"] = persona.language.split("-");
  return { [field]: field === "languages" ? [code] : languageName(persona.language) };
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

import type { Binding, VendorBriefing, VendorPersona } from "../adapter.ts";
import type { Row } from "../read.ts";
import { languageCode, withoutVariables } from "./agent-body.ts";
import type { ElevenLabsConfig, ElevenLabsPersona } from "./config.ts";
import { SESSION_VARIABLE, sessionTag } from "./sessions.ts";

export type Initiation = {
  briefing: VendorBriefing;
  persona: VendorPersona;
  binding: Binding;
  block: ElevenLabsPersona;
};

/**
 * What a conversation with a shared agent begins with (contract §A.9, §A.10): sent by the page as
 * `conversation_initiation_client_data`, or answered to the initiation webhook. All of it may be seen: the token
 * opens nothing without the account's own brain key, and the briefing is not here.
 */
export function initiationData(
  config: ElevenLabsConfig,
  { briefing, persona, binding, block }: Initiation,
): Row {
  const voice_id = block.voice_id ?? config.voice_id;
  const may = (name: ElevenLabsConfig["overrides"][number]) => config.overrides.includes(name);
  const agent = {
    ...(may("first_message") &&
      briefing.greeting !== undefined && { first_message: withoutVariables(briefing.greeting) }),
    ...(may("language") && { language: languageCode(persona.language) }),
  };
  const tts = may("voice_id") && voice_id !== undefined ? { voice_id } : {};
  return {
    conversation_config_override: {
      ...(Object.keys(agent).length > 0 && { agent }),
      ...(Object.keys(tts).length > 0 && { tts }),
    },
    custom_llm_extra_body: { astrocyte_context: binding.brain.contextToken },
    dynamic_variables: {
      ...config.dynamic_variables,
      ...block.dynamic_variables,
      [SESSION_VARIABLE]: sessionTag(binding),
    },
    ...(binding.personTag !== undefined && { user_id: binding.personTag }),
  };
}

import type { Binding, VendorBriefing, VendorPersona } from "../adapter.ts";
import type { Row } from "../read.ts";
import { type ElevenLabsConfig, type ElevenLabsPersona, languageCode } from "./config.ts";
import { SESSION_VARIABLE, sessionTag } from "./sessions.ts";
import { endCallTool } from "./tools.ts";

/** What the page is sent, so that it can show, speak and relay (contract §A.10). */
const CLIENT_EVENTS = [
  "conversation_initiation_metadata",
  "ping",
  "audio",
  "interruption",
  "user_transcript",
  "agent_response",
  "agent_response_correction",
  "agent_chat_response_part",
  "client_tool_call",
];

export type AgentInput = {
  config: ElevenLabsConfig;
  block: ElevenLabsPersona;
  persona: VendorPersona;
  briefing: VendorBriefing;
  binding: Binding;
  /** The stored secret of the session's brain key. */
  secretId: string;
  toolIds: string[];
};

/** An agent for one session (§A.7). Nobody comes in without a way in from us, and one at a time. */
export function agentBody(input: AgentInput): Row {
  const { config, block, binding } = input;
  const webhooks = webhooksOf(config);
  return {
    name: binding.marker,
    tags: ["astrocyte"],
    conversation_config: {
      ...block.conversation_config,
      turn: { ...turnOf(input), ...block.conversation_config?.["turn"] },
      tts: { ...ttsOf(input), ...block.conversation_config?.["tts"] },
      conversation: { ...conversationOf(input), ...block.conversation_config?.["conversation"] },
      agent: agentOf(input),
    },
    platform_settings: {
      ...(webhooks && { workspace_overrides: { webhooks } }),
      ...block.platform_settings,
      // A page without a microphone may chat; all else is as we say.
      overrides: { conversation_config_override: { conversation: { text_only: true } } },
      auth: { enable_auth: true },
      call_limits: { agent_concurrency_limit: 1, bursting_enabled: false },
    },
  };
}

function agentOf({ persona, briefing, binding, secretId, toolIds }: AgentInput): Row {
  const endCall = endCallTool(persona.tools);
  const { baseUrl: url, model } = binding.brain;
  return {
    first_message: withoutVariables(briefing.greeting ?? ""),
    language: languageCode(persona.language),
    prompt: {
      prompt: withoutVariables(briefing.text),
      llm: "custom-llm",
      custom_llm: { url, model_id: model, api_key: { secret_id: secretId }, api_type: "chat_completions" },
      // Another model would go on without memory, also after the session has ended.
      backup_llm_config: { preference: "disabled" },
      ignore_default_personality: true,
      tool_ids: toolIds,
      ...(endCall && { built_in_tools: { end_call: endCall } }),
    },
  };
}

/**
 * ElevenLabs puts variables in the place of `{{name}}`, and refuses a call whose variable nobody gave: words that a
 * record or a memory holds must not be taken for one.
 */
export function withoutVariables(text: string): string {
  return text.replace(/\{(?=\{)/g, "{ ");
}

function turnOf({ binding }: AgentInput): Row {
  // A page that is gone without a word must not cost until the longest duration.
  return { silence_end_call_timeout: seconds(binding.limits.absentTimeoutMs) };
}

function ttsOf({ config, block, persona }: AgentInput): Row {
  const voice_id = block.voice_id ?? config.voice_id;
  // The default model speaks English alone.
  const model_id = languageCode(persona.language) === "en" ? "eleven_flash_v2" : "eleven_flash_v2_5";
  return { model_id, ...(voice_id !== undefined && { voice_id }) };
}

function conversationOf({ config, binding }: AgentInput): Row {
  return {
    max_duration_seconds: seconds(binding.limits.maxDurationMs),
    client_events: CLIENT_EVENTS,
    ...(config.monitoring && { monitoring_enabled: true }),
  };
}

function webhooksOf({ post_call_webhook_id }: ElevenLabsConfig): Row | undefined {
  if (post_call_webhook_id === undefined) return undefined;
  // No audio: it is large, and nobody here listens to it.
  return {
    post_call_webhook_id,
    events: ["transcript", "call_initiation_failure"],
    transcript_format: "json",
  };
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

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

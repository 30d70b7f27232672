import type { Binding, VendorBriefing, VendorPersona, VendorTool } from "../adapter.ts";
import type { Row } from "../read.ts";
import { type AnamConfig, type AnamPersona, languageCode } from "./config.ts";

/** Header of the session's tool secret, and of the tool's name: Anam signs nothing, and its body is the arguments. */
export const TOOL_HEADERS = { secret: "x-astrocyte-tool-secret", name: "x-astrocyte-tool" };

export type BodyInput = {
  config: AnamConfig;
  block: AnamPersona;
  persona: VendorPersona;
  briefing: VendorBriefing;
  binding: Binding;
};

/** Our brain under the session's own key: the key says whose memory it is. */
export function llmBody({ config, binding }: BodyInput): Row {
  const { baseUrl, apiKey, model } = binding.brain;
  return {
    displayName: binding.marker,
    urls: [{ url: config.llm_url === "full" ? `${baseUrl}/chat/completions` : baseUrl }],
    llmFormat: "openai",
    modelName: model,
    secret: apiKey,
  };
}

/** The label is how the session is found again: Anam gives it an id only once the page starts it. */
export function tokenBody(input: BodyInput, llmId: string | undefined): Row {
  const { config, block, persona, briefing, binding } = input;
  const { greeting } = briefing;
  return {
    clientLabel: binding.marker,
    personaConfig: {
      name: persona.id,
      avatarId: block.avatar_id ?? config.avatar_id,
      voiceId: block.voice_id ?? config.voice_id,
      llmId: llmId ?? block.llm_id ?? config.llm_id,
      ...(config.briefing === "inline" && { systemPrompt: briefing.text }),
      ...(greeting === undefined ? { skipGreeting: true } : { initialMessage: greeting }),
      maxSessionLengthSeconds: Math.ceil(binding.limits.maxDurationMs / 1000),
      languageCode: languageCode(persona.language),
      ...defined({
        avatarModel: block.avatar_model,
        uninterruptibleGreeting: block.uninterruptible_greeting,
        voiceDetectionOptions: block.voice_detection,
        voiceGenerationOptions: block.voice_generation,
        directorNotes: block.director_notes,
      }),
      ...(persona.tools.length > 0 && { tools: persona.tools.map((tool) => toolBody(tool, input)) }),
    },
    ...defined({ sessionOptions: block.session_options }),
  };
}

/** Inline, so that it goes with the session. Only what is to be said is waited for. */
function toolBody(tool: VendorTool, { config, binding }: BodyInput): Row {
  const { name, description, parameters, result, delivery } = tool;
  const common = { name, description, parameters };
  const waits = result === "speak";
  if (delivery === "client") {
    const toolTimeoutSeconds = config.tool_timeout_secs;
    return { type: "client", ...common, awaitResult: waits, ...(waits && { toolTimeoutSeconds }) };
  }
  const { url, secret } = binding.tools;
  const headers = { [TOOL_HEADERS.secret]: secret, [TOOL_HEADERS.name]: name };
  return {
    type: "server",
    subtype: "webhook",
    ...common,
    url,
    method: "POST",
    headers,
    awaitResponse: waits,
  };
}

function defined(fields: Row): Row {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

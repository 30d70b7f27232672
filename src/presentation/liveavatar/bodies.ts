import { AstrocyteError } from "../../core/errors.ts";
import type { Binding, VendorBriefing, VendorPersona } from "../adapter.ts";
import type { Row } from "../read.ts";
import { avatarOf, type LiveAvatarConfig, type LiveAvatarPersona, languageOf, VARIABLES } from "./config.ts";

export type BodyInput = {
  config: LiveAvatarConfig;
  block: LiveAvatarPersona;
  persona: VendorPersona;
  briefing: VendorBriefing;
  binding: Binding;
};

/** Ids of what was prepared for the session, as far as its strategy has it. */
export type Prepared = { contextId?: string; llmConfigurationId?: string };

/** A context of the session's own (contract §1.1, briefing). */
export function contextBody({ config, block, briefing, binding }: BodyInput): Row {
  return {
    name: binding.marker,
    prompt: literal(briefing.text),
    opening_text: literal(briefing.greeting ?? config.opening_text),
    ...(block.links && { links: block.links }),
  };
}

/** The secret is the session's own brain key: it is what tells our endpoint which session asks. */
export function secretBody({ config, binding }: BodyInput): Row {
  const { secret_type } = config;
  return { secret_name: binding.marker, secret_value: binding.brain.apiKey, secret_type };
}

/** LiveAvatar appends `/chat/completions` to the base. */
export function llmConfigurationBody({ binding }: BodyInput, secretId: string): Row {
  const { model, baseUrl } = binding.brain;
  return { display_name: binding.marker, model_name: model, secret_id: secretId, base_url: baseUrl };
}

/** `llm_configuration_id` stands at the top: inside `avatar_persona` it is ignored without a word. */
export function tokenBody(input: BodyInput, { contextId, llmConfigurationId }: Prepared): Row {
  const { config, block, binding } = input;
  const variables = variablesOf(input);
  return {
    mode: "FULL",
    avatar_id: avatarOf(config, block),
    ...(config.strategy === "voice_agent"
      ? { voice_agent: voiceAgent(input, variables) }
      : { avatar_persona: avatarPersona(input, contextId), ...variables }),
    ...(llmConfigurationId !== undefined && { llm_configuration_id: llmConfigurationId }),
    ...(block.interactivity_type && { interactivity_type: block.interactivity_type }),
    ...(block.video_settings && { video_settings: block.video_settings }),
    is_sandbox: config.is_sandbox,
    max_session_duration: secondsOf(config, binding),
  };
}

/** Names of the variables that we fill. */
export function ownVariables({ strategy, briefing_variable, briefing_pieces }: LiveAvatarConfig): string[] {
  if (strategy === "context_per_session") return [];
  return ["greeting", ...Array.from({ length: briefing_pieces }, (_, i) => `${briefing_variable}_${i + 1}`)];
}

/** Characters of a briefing that travels in variables. */
export function briefingCharacters({ briefing_pieces }: LiveAvatarConfig): number {
  return briefing_pieces * VARIABLES.valueLength;
}

function avatarPersona({ config, block, persona }: BodyInput, contextId: string | undefined): Row {
  const voice = block.voice_id ?? config.voice_id;
  const { voice_settings, stt_config, llm_settings } = block;
  return {
    context_id: contextId ?? block.context_id ?? config.context_id,
    language: languageOf(config, persona),
    ...(voice !== undefined && { voice_id: voice }),
    ...(voice_settings && { voice_settings }),
    ...(stt_config && { stt_config }),
    ...(llm_settings && { llm_settings }),
  };
}

/** Variables beside the agent, instead of inside it, are refused. */
function voiceAgent({ config, block, persona }: BodyInput, variables: Row): Row {
  const id = block.voice_agent_id ?? config.voice_agent_id;
  return { id, language: languageOf(config, persona), ...variables };
}

/** Every name of ours is sent, empty or not: what a context asks for and does not get is an error. */
function variablesOf({ config, block, briefing }: BodyInput): Row {
  const [greeting, ...pieces] = ownVariables(config);
  if (greeting === undefined) return {};
  // Our model gets the briefing from the brain.
  const values = config.custom_llm ? [] : split(briefing.text, pieces.length);
  return {
    dynamic_variables: {
      ...block.dynamic_variables,
      [greeting]: cut(literal(briefing.greeting ?? config.opening_text)),
      ...Object.fromEntries(pieces.map((name, i) => [name, values[i] ?? ""])),
    },
  };
}

/** Errors: `payload_too_large`. Nothing of a briefing is left out silently. */
function split(text: string, max: number): string[] {
  const pieces: string[] = [];
  for (let rest = literal(text); rest !== ""; rest = rest.slice(pieces.at(-1)!.length))
    pieces.push(cut(rest));
  if (pieces.length <= max) return pieces;
  throw new AstrocyteError(
    "payload_too_large",
    `[liveavatar] the briefing needs ${pieces.length} variables, briefing_pieces allows ${max}. Raise it, or shorten the briefing.`,
    { details: { pieces: pieces.length, max } },
  );
}

/** As much as one variable takes, no half characters. */
function cut(text: string): string {
  return text.slice(0, VARIABLES.valueLength).replace(/[\uD800-\uDBFF]$/, "");
}

/** What was said once, or stands in a record, must not become a variable that the token then has to fill. */
function literal(text: string): string {
  return text.replaceAll("${", "$ {");
}

function secondsOf({ max_session_seconds = Number.POSITIVE_INFINITY }: LiveAvatarConfig, binding: Binding) {
  return Math.min(Math.max(1, Math.ceil(binding.limits.maxDurationMs / 1000)), max_session_seconds);
}

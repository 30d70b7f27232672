import { z } from "zod";
import { AstrocyteError } from "../../core/errors.ts";

const section = z.record(z.string(), z.unknown());
const variables = z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]));

/**
 * `presentation.elevenlabs` in `astrocyte.yaml`. What the contract leaves unconfirmed (voice contract §I) is a
 * setting here.
 */
export const elevenLabsConfig = z.strictObject({
  api_key: z.string().min(1),
  /** The region's address; its socket has the same host. */
  base_url: z.url().default("https://api.elevenlabs.io"),
  /** `agent_per_session`: full isolation, four calls at open. `shared_agent`: an agent of yours, one call. */
  strategy: z.enum(["agent_per_session", "shared_agent"]).default("agent_per_session"),
  /** For `shared_agent`: the agent that every session uses, when the persona names none. */
  agent_id: z.string().min(1).optional(),
  /** The voice, when the persona names none; ElevenLabs's own default without either. */
  voice_id: z.string().min(1).optional(),
  /** How the page connects: the conversation's WebSocket, LiveKit, or whichever it likes. */
  connection: z.enum(["websocket", "webrtc", "both"]).default("websocket"),
  webrtc_url: z.url().default("wss://livekit.rtc.elevenlabs.io"),
  /** Signs the post-call webhook of the workspace. Without it no webhook is accepted. */
  webhook_secret: z.string().min(8).optional(),
  /** The webhook that agents made for a session call; the workspace's own without it. */
  post_call_webhook_id: z.string().min(1).optional(),
  /** What an agent of yours lets a conversation override; what it does not, it refuses with the whole call. */
  overrides: z.array(z.enum(["first_message", "language", "voice_id"])).default(["first_message"]),
  /** Values of dynamic variables that an agent of yours uses: each of them has to be there. */
  dynamic_variables: variables.default({}),
  /** Turns telephone calls on; ElevenLabs sends it in the header `x-astrocyte-inbound-secret`. */
  inbound_secret: z.string().min(16).optional(),
  /** Unconfirmed: how long ElevenLabs waits for the initiation webhook, in milliseconds. */
  inbound_answer_within_ms: z.int().positive().default(3_000),
  /** Said to a caller who cannot be served, before the call ends. */
  decline_message: z
    .string()
    .min(1)
    .default("I am sorry, your call cannot be taken right now. Please try again later. Goodbye."),
  /** Ends calls and gives context from the server, by the monitoring socket. An enterprise feature. */
  monitoring: z.boolean().default(false),
  /** Said by the brain before a tool that the model calls without a word; the ending `... ` is added. */
  buffer_words: z.string().min(1).max(200).optional(),
  /** Seconds that ElevenLabs waits for a tool. */
  tool_timeout_secs: z.int().min(5).max(120).default(20),
  /** Tokens of the briefing. ElevenLabs names no limit; longer prompts make each turn slower. */
  briefing_max_tokens: z.int().positive().default(5_000),
  /** US cents of a minute on your plan, for budgets. */
  cents_per_minute: z.number().positive().optional(),
  /** How long a call of the API may take. */
  timeout_ms: z.int().positive().default(20_000),
});

/** `presentation.elevenlabs` as written. */
export type ElevenLabsConfigInput = z.input<typeof elevenLabsConfig>;
/** `presentation.elevenlabs`, complete with its defaults. */
export type ElevenLabsConfig = z.output<typeof elevenLabsConfig>;

/** The `elevenlabs` block of a persona. */
export const elevenLabsPersona = z.strictObject({
  agent_id: z.string().min(1).optional(),
  voice_id: z.string().min(1).optional(),
  /** Further fields of `conversation_config` as ElevenLabs documents them: `asr`, `turn`, `tts`, `conversation` … */
  conversation_config: z.record(z.string(), section).optional(),
  /** Further fields of `platform_settings`: `privacy`, `evaluation`, `data_collection` … */
  platform_settings: section.optional(),
  /** More values of an agent's dynamic variables. */
  dynamic_variables: variables.optional(),
  /** Whether the agent speaks before it calls a tool. */
  pre_tool_speech: z.enum(["auto", "force", "off"]).default("auto"),
});

export type ElevenLabsPersona = z.output<typeof elevenLabsPersona>;

/** Errors: `config_invalid`, naming every field that is wrong, never a value. */
export function parseElevenLabsConfig(input: unknown): ElevenLabsConfig {
  const result = elevenLabsConfig.safeParse(input);
  const issues = result.success ? shapeIssues(result.data) : issuesOf(result.error);
  if (result.success && issues.length === 0) return result.data;
  throw new AstrocyteError(
    "config_invalid",
    `[elevenlabs] presentation.elevenlabs is not valid: ${issues.join("; ")}. Correct these fields.`,
    { details: { issues } },
  );
}

function shapeIssues(config: ElevenLabsConfig): string[] {
  const phone = config.inbound_secret !== undefined && config.strategy !== "shared_agent";
  return phone ? ["inbound_secret: a number belongs to an agent of yours: set strategy: shared_agent"] : [];
}

export function issuesOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
}

import { z } from "zod";
import type { VendorPersona } from "../adapter.ts";
import { asRow } from "../read.ts";
import { invalidVendorConfig, parseVendorConfig } from "../vendor-config.ts";
import { legacyProblems } from "./legacy.ts";

/** The avatar for sandbox sessions (contract §1.1, embed and sandbox). */
const SANDBOX_AVATAR = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a";

/** Limits of `dynamic_variables` (contract §1.1, session creation). */
export const VARIABLES = { max: 50, keyLength: 64, valueLength: 1_000 } as const;

/** `presentation.liveavatar` in `astrocyte.yaml`. What the contract leaves unconfirmed is a setting here. */
export const liveavatarConfig = z.strictObject({
  api_key: z.string().min(1),
  base_url: z.url().default("https://api.liveavatar.com"),
  /** The avatar, when the persona names none. */
  avatar_id: z.guid().optional(),
  /** The voice, when the persona names none; image avatars have no default of their own. */
  voice_id: z.guid().optional(),
  /** For `shared_context`, when the persona names none. */
  context_id: z.guid().optional(),
  /** For `voice_agent`, when the persona names none. */
  voice_agent_id: z.guid().optional(),
  /**
   * `context_per_session`: the briefing is a stored context of the session's own, deleted with it.
   * `shared_context`, `voice_agent`: one of yours, with variables.
   */
  strategy: z.enum(["context_per_session", "shared_context", "voice_agent"]).default("context_per_session"),
  /** False: LiveAvatar's own model answers, and memory is in the briefing alone. */
  custom_llm: z.boolean().default(true),
  /** Type of the stored secret. Guides disagree: the API's own list has `OPENAI_API_KEY`, one guide says `LLM_API_KEY`. */
  secret_type: z.string().min(1).default("OPENAI_API_KEY"),
  /** Who starts the session: us, so that the page needs LiveKit alone; or the page, with LiveAvatar's web SDK. */
  start: z.enum(["server", "page"]).default("server"),
  /** About a minute a session, free, with the sandbox's avatar. */
  is_sandbox: z.boolean().default(false),
  /** Seconds of a session at most, whatever the persona allows: your plan's limit. */
  max_session_seconds: z.int().positive().optional(),
  /** Said first where the persona has no greeting: a context without is refused. */
  opening_text: z.string().min(1).default("Hello!"),
  /** Overrides the persona's language: a code such as `de`. */
  language: z.string().min(2).optional(),
  /** Without our model on a context of yours: the briefing is `${briefing_1}` to `${briefing_n}`, 1000 characters each. */
  briefing_variable: z.string().min(1).max(60).default("briefing"),
  briefing_pieces: z.int().min(1).max(49).default(8),
  /** Tokens of a briefing that becomes a context; LiveAvatar documents no limit. */
  briefing_max_tokens: z.int().positive().default(5_000),
  /** `code`s of an answer that mean success. The SDK takes 1000 alone, reference pages print 100. */
  success_codes: z.array(z.int()).min(1).default([1000, 100]),
  /** A session without activity ends after five minutes; guides say every two to three. */
  keep_alive_ms: z.int().positive().default(150_000),
  /** US cents of a minute on your plan, for budgets. */
  cents_per_minute: z.number().positive().optional(),
  /** How long a call of the API may take. */
  timeout_ms: z.int().positive().default(20_000),
  /** Starting prepares a room and an avatar and may take longer. */
  start_timeout_ms: z.int().positive().default(30_000),
});

/** `presentation.liveavatar` as written. */
export type LiveAvatarConfigInput = z.input<typeof liveavatarConfig>;
/** `presentation.liveavatar`, complete with its defaults. */
export type LiveAvatarConfig = z.output<typeof liveavatarConfig>;

const fields = z.record(z.string(), z.unknown());

/** The `liveavatar` block of a persona. */
export const liveavatarPersona = z.strictObject({
  avatar_id: z.guid().optional(),
  voice_id: z.guid().optional(),
  context_id: z.guid().optional(),
  voice_agent_id: z.guid().optional(),
  /** As LiveAvatar documents them: `{provider, speed, stability …}`. */
  voice_settings: fields.optional(),
  /** `{provider: deepgram | assembly_ai | gladia | elevenlabs}`. */
  stt_config: fields.optional(),
  /** `{provider, model}` of LiveAvatar's own model, for `custom_llm: false`. */
  llm_settings: fields.optional(),
  interactivity_type: z.enum(["CONVERSATIONAL", "PUSH_TO_TALK"]).optional(),
  video_settings: z
    .strictObject({
      quality: z.enum(["very_high", "high", "medium", "low"]).optional(),
      encoding: z.enum(["VP8", "H264"]).optional(),
    })
    .optional(),
  /** Pages that LiveAvatar's own model may use, for the session's context. */
  links: z.array(z.strictObject({ url: z.url(), faq: z.string() })).optional(),
  /** Further variables of your context or voice agent. */
  dynamic_variables: z
    .record(z.string().min(1).max(VARIABLES.keyLength), z.string().max(VARIABLES.valueLength))
    .default({}),
});

export type LiveAvatarPersona = z.output<typeof liveavatarPersona>;

/** Errors: `config_invalid`, naming every field that is wrong, never a value. */
export function parseLiveAvatarConfig(input: unknown): LiveAvatarConfig {
  const legacy = legacyProblems(asRow(input), "presentation.liveavatar");
  if (legacy.length > 0) throw invalidVendorConfig("liveavatar", legacy);
  return parseVendorConfig("liveavatar", liveavatarConfig, input);
}

export function avatarOf(config: LiveAvatarConfig, block: LiveAvatarPersona): string | undefined {
  return block.avatar_id ?? config.avatar_id ?? (config.is_sandbox ? SANDBOX_AVATAR : undefined);
}

/** `es-MX` to `es`, as LiveAvatar names languages; undefined for what is no language tag. */
export function languageOf(config: LiveAvatarConfig, persona: VendorPersona): string | undefined {
  try {
    return config.language ?? new Intl.Locale(persona.language).language;
  } catch {
    return undefined;
  }
}

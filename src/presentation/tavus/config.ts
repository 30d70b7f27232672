import { z } from "zod";
import { AstrocyteError } from "../../core/errors.ts";

const layers = z.record(z.string(), z.record(z.string(), z.unknown()));

/** `presentation.tavus` in `astrocyte.yaml`. What the contract leaves unconfirmed (§17) is a setting here. */
export const tavusConfig = z.strictObject({
  api_key: z.string().min(1),
  base_url: z.url().default("https://tavusapi.com"),
  /** The face, when the persona names none. Stock faces get retired: keep the id in configuration. */
  face_id: z.string().min(1).optional(),
  /** For `shared_pal`: the PAL that every session uses, when the persona names none. */
  pal_id: z.string().min(1).optional(),
  /** `pal_per_session`: full isolation, two calls more. `shared_pal`: a PAL of yours and a signed line of context. */
  strategy: z.enum(["pal_per_session", "shared_pal"]).default("pal_per_session"),
  /** False: the PAL keeps a model of Tavus's or its own, and memory is in the briefing alone. */
  custom_llm: z.boolean().default(true),
  /** Asks the model before the person has finished: faster, several requests a turn. Tavus's own default is on. */
  speculative_inference: z.boolean().default(true),
  /** Names that we send; both are understood in answers. */
  vocabulary: z.enum(["pal", "persona"]).default("pal"),
  /** Rooms open ended, without avatar, cost or slot: for checks of a deployment. */
  test_mode: z.boolean().default(false),
  /** A room that only its token opens. The token is good until the absent timeout is over. */
  private_room: z.boolean().default(true),
  /** Overrides the persona's language: a full English name, or `multilingual`. */
  language: z.string().min(1).optional(),
  /** Unconfirmed: newer pages call `language` deprecated for `languages`. `none` sends neither. */
  language_field: z.enum(["language", "languages", "none"]).default("language"),
  /** Unconfirmed name of the flag that lets the model write the greeting; without it the flag is never sent. */
  dynamic_greeting_field: z.enum(["enable_dynamic_greeting", "dynamic_greeting"]).optional(),
  /** Unconfirmed: Tavus's own template says utterance events need it, others get them without. */
  closed_captions: z.boolean().default(true),
  /** Tavus's own memory beside ours; off, because what it learns cannot be governed or forgotten by us. */
  vendor_memory: z.enum(["off", "participant_tag", "memory_store"]).default("off"),
  /** Tokens of the briefing: the vendor's advice for a prompt (§14). */
  briefing_max_tokens: z.int().positive().default(5_000),
  /** US cents of a minute on your plan, for budgets. */
  cents_per_minute: z.number().positive().optional(),
  /** How long a call of the API may take. */
  timeout_ms: z.int().positive().default(20_000),
  /** Creating a conversation prepares a room and may take longer. */
  create_timeout_ms: z.int().positive().default(30_000),
  /** After this long without a transcript an ended call counts as having none. */
  transcript_wait_ms: z.int().positive().default(600_000),
});

/** `presentation.tavus` as written. */
export type TavusConfigInput = z.input<typeof tavusConfig>;
/** `presentation.tavus`, complete with its defaults. */
export type TavusConfig = z.output<typeof tavusConfig>;

/** The `tavus` block of a persona. */
export const tavusPersona = z.strictObject({
  face_id: z.string().min(1).optional(),
  pal_id: z.string().min(1).optional(),
  /** The PAL's `layers` as Tavus documents them; `llm` is set by us while `custom_llm` is on. */
  layers: layers.optional(),
  /** Further fields of the PAL: `objectives_id`, `guardrail_ids`, `disclosure_type` … */
  pal: z.record(z.string(), z.unknown()).optional(),
  /** Further fields of the conversation: `audio_only`, `document_ids`, `max_participants`, `policy` … */
  conversation: z.record(z.string(), z.unknown()).optional(),
  /** Further fields of its `properties`: `enable_recording`, `recording_storage`, `apply_greenscreen` … */
  properties: z.record(z.string(), z.unknown()).optional(),
  /** What the avatar does while a tool runs. `static_filler` says `tool_filler`. */
  tool_wait: z.enum(["generate_filler", "static_filler", "silent", "passthrough"]).default("generate_filler"),
  tool_filler: z.string().min(1).optional(),
});

export type TavusPersona = z.output<typeof tavusPersona>;

/** Errors: `config_invalid`, naming every field that is wrong, never a value. */
export function parseTavusConfig(input: unknown): TavusConfig {
  const result = tavusConfig.safeParse(input);
  if (result.success) return result.data;
  const issues = issuesOf(result.error);
  throw new AstrocyteError(
    "config_invalid",
    `[tavus] presentation.tavus is not valid: ${issues.join("; ")}. Correct these fields.`,
    { details: { issues } },
  );
}

export function issuesOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
}

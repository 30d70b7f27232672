import { z } from "zod";
import type { VendorPersona, VendorTool } from "../adapter.ts";
import { blockProblems } from "../vendor-config.ts";

/** `presentation.anam`. What Anam's documentation leaves open is a setting. */
export const anamConfig = z.strictObject({
  api_key: z.string().min(1),
  base_url: z.url().default("https://api.anam.ai"),
  /** When the persona names none. */
  avatar_id: z.string().min(1).optional(),
  voice_id: z.string().min(1).optional(),
  /** `false`: a model of Anam's answers, by `llm_id`. */
  custom_llm: z.boolean().default(true),
  llm_id: z.string().min(1).optional(),
  /** Anam's example registers the whole address of chat completions, a session's record shows its base. */
  llm_url: z.enum(["full", "base"]).default("full"),
  /** `brain`: Anam stores no prompt, our brain adds it. */
  briefing: z.enum(["inline", "brain"]).default("inline"),
  briefing_max_tokens: z.int().positive().default(8_000),
  /** `brain`: Anam hears of no tool, our brain runs them within its answer. */
  tools: z.enum(["anam", "brain"]).default("anam"),
  /** How long Anam waits for a tool that the page relays. */
  tool_timeout_secs: z.int().min(1).max(600).default(30),
  /** Asks whether a session may start before one is prepared. */
  check_concurrency: z.boolean().default(true),
  /** Whether Anam lists sessions newest first: the sweep then reads no further than a day back. */
  newest_first: z.boolean().default(true),
  cents_per_minute: z.number().positive().optional(),
  timeout_ms: z.int().positive().default(20_000),
});
/** `presentation.anam` as it is written. */
export type AnamConfigInput = z.input<typeof anamConfig>;
/** `presentation.anam` with its defaults. */
export type AnamConfig = z.output<typeof anamConfig>;

const options = z.record(z.string(), z.unknown());

/** The `anam` block of a persona; the objects go to Anam as they are. */
export const anamPersona = z.strictObject({
  avatar_id: z.string().min(1).optional(),
  avatar_model: z.string().min(1).optional(),
  voice_id: z.string().min(1).optional(),
  llm_id: z.string().min(1).optional(),
  uninterruptible_greeting: z.boolean().optional(),
  voice_detection: options.optional(),
  voice_generation: options.optional(),
  director_notes: options.optional(),
  session_options: options.optional(),
});
export type AnamPersona = z.output<typeof anamPersona>;

/** What a configuration lacks that its own settings ask for. */
export function configProblems({ custom_llm, briefing, tools }: AnamConfig): string[] {
  if (custom_llm) return [];
  const ours = Object.entries({ briefing, tools }).filter(([, who]) => who === "brain");
  return ours.map(([field]) => `${field}: brain needs custom_llm, since Anam's own model asks no brain`);
}

/** What of a persona does not fit, each a sentence (contract §5 Anam). */
export function validatePersona(config: AnamConfig, { vendor, language, tools }: VendorPersona): string[] {
  return blockProblems("anam", anamPersona, vendor, (block) => [
    ...missing(config, block),
    ...(languageCode(language) ? [] : [`language "${language}": Anam takes two-letter codes such as de`]),
    ...(config.custom_llm && block.llm_id ? ["vendors.anam.llm_id needs custom_llm: false"] : []),
    ...tools.flatMap((tool) => toolProblems(config, tool)),
  ]);
}

function missing(config: AnamConfig, block: AnamPersona): string[] {
  const needed = ["avatar_id", "voice_id", ...(config.custom_llm ? [] : ["llm_id"])] as const;
  return needed
    .filter((field) => (block[field as "avatar_id"] ?? config[field as "avatar_id"]) === undefined)
    .map((field) => `vendors.anam.${field} is missing: set it there or in presentation.anam`);
}

const MAX_SCHEMA_BYTES = 10_000;
const MAX_DESCRIPTION = 1024;

function toolProblems({ tools }: AnamConfig, { name, description, parameters }: VendorTool): string[] {
  if (tools === "brain") return [`tool "${name}": with tools: brain Anam hears of none`];
  return [
    ...(/^[\w.-]{1,64}$/.test(name) ? [] : [`tool "${name}": Anam takes up to 64 of a-z, A-Z, 0-9, _ . -`]),
    ...(description.length <= MAX_DESCRIPTION
      ? []
      : [`tool "${name}": its description has more than ${MAX_DESCRIPTION} characters`]),
    ...(Buffer.byteLength(JSON.stringify(parameters)) <= MAX_SCHEMA_BYTES
      ? []
      : [`tool "${name}": its parameters have more than ${MAX_SCHEMA_BYTES} bytes as JSON`]),
  ];
}

/** ISO 639-1, as Anam's transcription wants it; `undefined` where there is none. */
export function languageCode(language: string): string | undefined {
  return /^([a-z]{2})(?:-|$)/i.exec(language)?.[1]?.toLowerCase();
}

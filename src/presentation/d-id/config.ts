import { z } from "zod";
import { AstrocyteError } from "../../core/errors.ts";

const name = z.string().min(1);

/** The avatar as D-ID takes it (contract §2.2); further fields go through. */
const presenter = z.looseObject({
  type: z.enum(["expressive", "talk", "clip"]).optional(),
  presenter_id: name.optional(),
  source_url: z.url().optional(),
  voice: z.record(z.string(), z.unknown()).optional(),
});

/** `presentation.d-id` in `astrocyte.yaml`. What the contract leaves unconfirmed (§8) is a setting here. */
export const dIdConfig = z.strictObject({
  api_key: name,
  base_url: z.url().default("https://api.d-id.com"),
  /** Scheme in front of the key. */
  auth: z.enum(["basic", "bearer"]).default("basic"),
  /** `v2`: expressive avatars in a LiveKit room. `v1`: talk and clip avatars over plain WebRTC. */
  mode: z.enum(["v2", "v1"]).default("v2"),
  /** `agent_per_session`: full isolation, a few calls more. `shared_agent`: an agent of yours (`agent_id`). */
  strategy: z.enum(["agent_per_session", "shared_agent"]).default("agent_per_session"),
  agent_id: name.optional(),
  /**
   * For `shared_agent`: `none` leaves the agent as it is, and the call has no briefing. `patch` writes the briefing
   * into it before each session, one session at a time; that a running session keeps its own is unconfirmed.
   */
  shared_binding: z.enum(["none", "patch"]).default("none"),
  /** The avatar, when the persona names none. */
  presenter: presenter.optional(),
  /** False: D-ID's own model answers, and memory is in the briefing alone. */
  custom_llm: z.boolean().default(true),
  /** Unconfirmed: older SDK types call the key of a custom model `api_key`. */
  llm_key_field: z.enum(["key", "api_key"]).default("key"),
  /** Turns that D-ID sends to the custom model at most; all of them when absent. */
  max_messages: z.int().positive().optional(),
  /** D-ID keeps the chat, which an export of it needs. */
  chat_persist: z.boolean().default(true),
  /** Confirms the page's transcript by an export job after the call. */
  transcript_export: z.boolean().default(true),
  /** Largest export that is read, unpacked, in bytes. */
  export_max_bytes: z
    .int()
    .positive()
    .default(32 * 1024 * 1024),
  /** For `v2`: the sentiment of what is said word for word. */
  sentiment: name.optional(),
  /** For `v1`: the page's key, scoped to your origins. */
  client_key: name.optional(),
  /** For `v1`, instead: the origins for which a client key is made. */
  allowed_domains: z.array(z.url()).min(1).optional(),
  /** `agent` makes a key that is good for the session's agent alone (from a third party's index, so unconfirmed). */
  client_key_scope: z.enum(["account", "agent"]).default("account"),
  /** For `v1`: seconds without a message after which D-ID closes the stream. */
  session_timeout_s: z.int().min(1).max(300).default(300),
  /** For `v1`: pixels of the longer side. */
  output_resolution: z.int().min(150).max(1080).optional(),
  /** Where the account's agents are listed; needed to find one whose creation was cut off. */
  agents_path: z.string().startsWith("/").default("/agents/me"),
  /** Characters of the briefing; D-ID documents no limit. */
  briefing_max_characters: z.int().positive().optional(),
  /** US cents of a minute on your plan, for budgets. */
  cents_per_minute: z.number().positive().optional(),
  /** How long a call of the API may take. */
  timeout_ms: z.int().positive().default(20_000),
  /** How long a new agent may take until it can be used. */
  agent_ready_timeout_ms: z.int().positive().default(30_000),
});

/** `presentation.d-id` as written. */
export type DIdConfigInput = z.input<typeof dIdConfig>;
/** `presentation.d-id`, complete with its defaults. */
export type DIdConfig = z.output<typeof dIdConfig>;

/** The `d-id` block of a persona. */
export const dIdPersona = z.strictObject({
  presenter: presenter.optional(),
  agent_id: name.optional(),
  /** Further fields of `llm`: `temperature`, `template`, `prompt_customization`; `provider` and `model` without our brain. */
  llm: z.record(z.string(), z.unknown()).optional(),
  /** Further fields of the agent: `knowledge`, `starter_message`, `vision` … */
  agent: z.record(z.string(), z.unknown()).optional(),
  /** Tools that you registered at D-ID yourself, by our name: they are attached, not made and deleted. */
  tool_ids: z.record(z.string(), name).optional(),
  tool_choice: z.enum(["auto", "required"]).default("auto"),
});

export type DIdPersona = z.output<typeof dIdPersona>;

/** Errors: `config_invalid`, naming every field that is wrong, never a value. */
export function parseDIdConfig(input: unknown): DIdConfig {
  const result = dIdConfig.safeParse(input);
  if (result.success) return result.data;
  const issues = issuesOf(result.error);
  throw new AstrocyteError(
    "config_invalid",
    `[d-id] presentation.d-id is not valid: ${issues.join("; ")}. Correct these fields.`,
    { details: { issues } },
  );
}

export function issuesOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
}

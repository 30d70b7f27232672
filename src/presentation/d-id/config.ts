import { z } from "zod";
import type { VendorPersona, VendorTool } from "../adapter.ts";
import type { Row } from "../read.ts";
import { blockProblems, takenProblems } from "../vendor-config.ts";

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
  /**
   * Who runs tools while our model answers. `brain`: the brain, within its answer; D-ID hears of none. `room`: the
   * page, by RPC; that D-ID tells a custom model of an agent's tools is unconfirmed. D-ID's own model has the room's.
   */
  tools: z.enum(["brain", "room"]).default("brain"),
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

/** What the adapter itself decides. */
const OURS = ["preview_name", "presenter", "llm", "greetings", "tools"];

/** What of a persona does not fit D-ID, each a sentence; empty when it fits. */
export function validatePersona(config: DIdConfig, { vendor, tools }: VendorPersona): string[] {
  return blockProblems("d-id", dIdPersona, vendor, (block) => [
    ...(config.strategy === "shared_agent"
      ? sharedProblems(config, block)
      : presenterProblems(config, block)),
    ...modeProblems(config, tools),
    ...takenProblems("vendors.d-id.agent", block.agent, OURS),
    ...takenProblems("vendors.d-id.llm", block.llm, [
      ...(config.custom_llm ? ["provider"] : []),
      "custom",
      "instructions",
    ]),
    ...tools.flatMap((tool) => toolProblems(tool).map((what) => `tool "${tool.name}" ${what}`)),
  ]);
}

function sharedProblems(config: DIdConfig, block: DIdPersona): string[] {
  return (block.agent_id ?? config.agent_id) === undefined
    ? ["shared_agent needs an agent: set presentation.d-id.agent_id or vendors.d-id.agent_id"]
    : [];
}

function presenterProblems(config: DIdConfig, block: DIdPersona): string[] {
  const { type, presenter_id, source_url } = presenterOf(config, block);
  const where = "presentation.d-id.presenter or vendors.d-id.presenter";
  if (presenter_id === undefined && source_url === undefined)
    return [`an avatar is needed: set presenter_id or source_url in ${where}`];
  if (config.mode === "v2" && type !== "expressive")
    return [`a presenter of type ${type} is served by mode: v1 alone, and one configuration has one mode`];
  if (config.mode === "v1" && type !== "talk" && type !== "clip")
    return [`mode: v1 serves talk and clip: set the type in ${where}, or use mode: v2`];
  return [];
}

function modeProblems(config: DIdConfig, tools: VendorTool[]): string[] {
  if (config.mode === "v2")
    return tools.length === 0 || inRoom(config)
      ? []
      : ["tools are run by the brain: do not hand them over, or set presentation.d-id.tools to room"];
  return [
    ...(config.client_key === undefined && config.allowed_domains === undefined
      ? ["mode: v1 needs presentation.d-id.client_key or allowed_domains: the page calls D-ID itself"]
      : []),
    ...(tools.length > 0 ? ["tools are called over LiveKit, which mode: v1 has not: take them out"] : []),
  ];
}

/** True when D-ID's agent calls tools itself, over LiveKit. */
export function inRoom({ mode, custom_llm, tools }: DIdConfig): boolean {
  return mode === "v2" && (tools === "room" || !custom_llm);
}

function toolProblems({ name, delivery }: VendorTool): string[] {
  return [
    ...(/^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/.test(name)
      ? []
      : ["needs a name of at most 64 letters, digits, _ and -"]),
    ...(delivery === "server"
      ? [
          "would be called by D-ID's server, whose way to prove itself is not documented: use delivery: client",
        ]
      : []),
  ];
}

export function presenterOf(config: DIdConfig, block: DIdPersona): Row {
  const merged = { ...config.presenter, ...block.presenter };
  return { ...merged, ...(config.mode === "v2" && { type: merged.type ?? "expressive" }) };
}

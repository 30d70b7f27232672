import { z } from "zod";
import type { VendorPersona, VendorTool } from "../adapter.ts";
import { blockProblems, takenProblems } from "../vendor-config.ts";
import { MAX_TOOL_NAME } from "./tools.ts";

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

const MAX_TOOLS = 50;
/** Characters of a tool's description and parameters, serialised (contract §9.1). */
const MAX_TOOL_CHARACTERS = 10_000;
/** What the adapter itself decides. */
const OURS = [
  "conversation_name",
  "callback_url",
  "conversational_context",
  "custom_greeting",
  "require_auth",
  "test_mode",
  "participant_tags",
  "memory_stores",
  "properties",
];

/** What of a persona does not fit Tavus, each a sentence; empty when it fits. */
export function validatePersona(config: TavusConfig, { vendor, tools, language }: VendorPersona): string[] {
  return blockProblems("tavus", tavusPersona, vendor, (block) => [
    ...identityProblems(config, block),
    ...takenProblems("vendors.tavus.conversation", block.conversation, OURS),
    ...takenProblems("vendors.tavus.pal", block.pal, ["system_prompt", "layers", "pipeline_mode"]),
    ...takenProblems("vendors.tavus.layers.llm", block.layers?.["llm"], ["api_key"]),
    ...(block.tool_wait === "static_filler" && block.tool_filler === undefined
      ? ["vendors.tavus.tool_wait static_filler needs tool_filler"]
      : []),
    ...toolProblems(config, tools),
    ...(config.language === undefined && languageName(language) === undefined
      ? [`language "${language}" is not known: use a BCP 47 tag such as "es"`]
      : []),
  ]);
}

function identityProblems(config: TavusConfig, block: TavusPersona): string[] {
  const face = block.face_id ?? config.face_id;
  if (config.strategy === "pal_per_session" && face === undefined) {
    return ["a face is needed: set presentation.tavus.face_id or vendors.tavus.face_id"];
  }
  if (config.strategy === "shared_pal" && (block.pal_id ?? config.pal_id) === undefined) {
    return ["shared_pal needs a PAL: set presentation.tavus.pal_id or vendors.tavus.pal_id"];
  }
  return [];
}

function toolProblems(config: TavusConfig, tools: VendorTool[]): string[] {
  const problems = tools.flatMap((tool) =>
    toolProblem(config, tool).map((what) => `tool "${tool.name}" ${what}`),
  );
  return tools.length > MAX_TOOLS
    ? [...problems, `${tools.length} tools: a PAL takes ${MAX_TOOLS}`]
    : problems;
}

function toolProblem(config: TavusConfig, { name, description, parameters, delivery }: VendorTool): string[] {
  const size = description.length + JSON.stringify(parameters).length;
  return [
    ...(/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? [] : ["needs a name of letters, digits and _"]),
    ...(name.length > MAX_TOOL_NAME ? [`has a name of more than ${MAX_TOOL_NAME} characters`] : []),
    ...(size > MAX_TOOL_CHARACTERS ? [`is described in more than ${MAX_TOOL_CHARACTERS} characters`] : []),
    ...(delivery === "server" && config.strategy === "shared_pal"
      ? [
          "is called by Tavus with the session's own secret, which a shared PAL cannot hold: use pal_per_session",
        ]
      : []),
  ];
}

/** `es-MX` to `spanish`; undefined for what is no language tag. */
export function languageName(tag: string): string | undefined {
  try {
    const code = new Intl.Locale(tag).language;
    const name = new Intl.DisplayNames("en", { type: "language", fallback: "none" }).of(code);
    return name?.toLowerCase();
  } catch {
    return undefined;
  }
}

import { z } from "zod";
import type { VendorPersona, VendorTool } from "../adapter.ts";
import { blockProblems, parseVendorConfig, takenProblems } from "../vendor-config.ts";
import { toolProblems } from "./tools.ts";

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

/** Errors: `config_invalid`. */
export function parseElevenLabsConfig(input: unknown): ElevenLabsConfig {
  return parseVendorConfig("elevenlabs", elevenLabsConfig, input, phoneProblems);
}

function phoneProblems(config: ElevenLabsConfig): string[] {
  const phone = config.inbound_secret !== undefined && config.strategy !== "shared_agent";
  return phone ? ["inbound_secret: a number belongs to an agent of yours: set strategy: shared_agent"] : [];
}

const AT = "vendors.elevenlabs";

/** What of a persona does not fit ElevenLabs, each a sentence; empty when it fits. */
export function validatePersona(
  config: ElevenLabsConfig,
  { vendor, tools, language }: VendorPersona,
): string[] {
  return blockProblems("elevenlabs", elevenLabsPersona, vendor, (block) => [
    ...agentProblems(config, block),
    ...tools.flatMap((tool) =>
      [...toolProblems(tool), ...deliveryProblems(config, tool)].map((what) => `tool "${tool.name}" ${what}`),
    ),
    ...(languageCode(language) === undefined
      ? [`language "${language}" is not known: use a BCP 47 tag such as "es"`]
      : []),
  ]);
}

function agentProblems(config: ElevenLabsConfig, block: ElevenLabsPersona): string[] {
  const shared = config.strategy === "shared_agent";
  return [
    ...(shared && (block.agent_id ?? config.agent_id) === undefined
      ? [`shared_agent needs an agent: set presentation.elevenlabs.agent_id or ${AT}.agent_id`]
      : []),
    ...(!shared && block.agent_id !== undefined
      ? [`${AT}.agent_id is for strategy: shared_agent; a session's own agent has its own id`]
      : []),
    ...takenProblems(`${AT}.conversation_config`, block.conversation_config, ["agent"]),
    ...takenProblems(`${AT}.platform_settings`, block.platform_settings, [
      "auth",
      "call_limits",
      "overrides",
    ]),
    ...(shared && (block.conversation_config ?? block.platform_settings) !== undefined
      ? [
          `${AT}: an agent of yours is configured at ElevenLabs; remove conversation_config, platform_settings`,
        ]
      : []),
  ];
}

function deliveryProblems(config: ElevenLabsConfig, { delivery }: VendorTool): string[] {
  const possible = config.strategy === "agent_per_session" || config.inbound_secret !== undefined;
  if (delivery !== "server" || possible) return [];
  return [
    "is called by ElevenLabs with the session's own secret, which a shared agent cannot hold: use agent_per_session",
  ];
}

/** `pt-BR` has a code of its own; of all others ElevenLabs knows the language alone. Undefined for no tag. */
export function languageCode(tag: string): string | undefined {
  const lower = tag.toLowerCase();
  if (lower === "pt-br") return lower;
  return /^([a-z]{2,3})(-[a-z0-9]+)*$/.exec(lower)?.[1];
}

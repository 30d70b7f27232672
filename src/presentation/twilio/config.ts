import { z } from "zod";
import type { VendorPersona } from "../adapter.ts";
import { blockProblems } from "../vendor-config.ts";

const name = z.string().min(1);
/** E.164. */
const phone = z.string().regex(/^\+[1-9]\d{6,14}$/, "is no number in E.164, such as +14155550100");

/** `presentation.twilio` in `astrocyte.yaml`. What the contract leaves unconfirmed (§I.3) is a setting here. */
export const twilioConfig = z
  .strictObject({
    account_sid: z.string().regex(/^AC[0-9a-fA-F]{32}$/, "is no account SID (AC and 32 hex digits)"),
    /** Signs what Twilio sends us: needed also where an API key is used for calls of ours. */
    auth_token: name,
    /** An API key for the calls of ours, in place of the auth token. */
    api_key: z
      .string()
      .regex(/^SK[0-9a-fA-F]{32}$/, "is no API key SID")
      .optional(),
    api_key_secret: name.optional(),
    base_url: z.url().default("https://api.twilio.com"),
    /** The number that we call from, unless the persona names one. Answering needs none. */
    from_number: phone.optional(),
    /** Twilio signs the WebSocket's upgrade since April 2025 (§E.1). */
    require_socket_signature: z.boolean().default(true),
    /** `required`: a caller whose number the network does not vouch for (STIR/SHAKEN, full) counts as anonymous. */
    caller_attestation: z.enum(["ignore", "required"]).default("ignore"),
    /** Four attributes are spelt `speechtimeout` in Twilio's SDK and `speechTimeout` in its docs (§E.2). */
    attribute_spelling: z.enum(["sdk", "docs"]).default("sdk"),
    /** Told what was played, so that a caller who hangs up in the middle is known to have heard half. */
    events: z.string().default("speaker-events tokens-played"),
    /** Times that a call whose socket was lost is connected again before it is given up. */
    max_reconnects: z.int().min(0).max(20).default(3),
    /** How long the telephone of somebody we call rings, in seconds. */
    ring_seconds: z.int().min(5).max(600).default(30),
    /** Milliseconds that the end of a call waits for a goodbye to be heard. */
    goodbye_ms: z.int().min(0).max(30_000).default(5_000),
    /** Silence after which keys that were pressed count as entered; `#` enters at once. */
    dtmf_pause_ms: z.int().min(0).max(30_000).default(2_000),
    /** What a caller hears for whom there is no session. */
    decline: z
      .strictObject({
        unknown_caller: name.default(
          "I am sorry, I do not know this number. Please call from the number that we have on file.",
        ),
        busy: name.default("I am sorry, all our lines are busy. Please call again later."),
        unavailable: name.default("I am sorry, we cannot take your call right now. Please call again later."),
      })
      .prefault({}),
    /** Language of `decline`, as `<Say>` takes it. */
    decline_language: name.default("en-US"),
    /** Twilio hangs up when it waits longer for an answer to a ringing call. */
    answer_within_ms: z.int().positive().default(14_000),
    /** US cents of a minute: the number's rate and ConversationRelay's together. */
    cents_per_minute: z.number().positive().optional(),
    timeout_ms: z.int().positive().default(15_000),
  })
  .refine((config) => (config.api_key === undefined) === (config.api_key_secret === undefined), {
    message: "goes with api_key_secret: set both or none",
    path: ["api_key"],
  });

/** `presentation.twilio` as written. */
export type TwilioConfigInput = z.input<typeof twilioConfig>;
/** `presentation.twilio`, complete with its defaults. */
export type TwilioConfig = z.output<typeof twilioConfig>;

const provider = {
  tts_provider: name.optional(),
  voice: name.optional(),
  transcription_provider: name.optional(),
  speech_model: name.optional(),
};

/** The `twilio` block of a persona: ConversationRelay's attributes (§E.2), and what is ours. */
export const twilioPersona = z.strictObject({
  ...provider,
  /** BCP 47 with its region, `de-DE`; the persona's language with its usual region when absent. */
  language: name.optional(),
  tts_language: name.optional(),
  transcription_language: name.optional(),
  interruptible: z.enum(["none", "dtmf", "speech", "any"]).optional(),
  welcome_greeting_interruptible: z.enum(["none", "dtmf", "speech", "any"]).optional(),
  interrupt_sensitivity: z.enum(["low", "medium", "high"]).optional(),
  report_input_during_agent_speech: z.boolean().optional(),
  preemptible: z.boolean().optional(),
  partial_prompts: z.boolean().optional(),
  profanity_filter: z.boolean().optional(),
  hints: z.array(name).optional(),
  intelligence_service: name.optional(),
  debug: name.optional(),
  elevenlabs_text_normalization: z.enum(["on", "auto", "off"]).optional(),
  speech_timeout: z.union([z.int().positive(), z.literal("auto")]).optional(),
  ignore_backchannel: z.boolean().optional(),
  background_noise_reduction: z.boolean().optional(),
  deepgram_smart_format: z.boolean().optional(),
  /** Languages that the call may change to. */
  languages: z.array(z.strictObject({ code: name, ...provider })).default([]),
  /** Further attributes, as Twilio spells them: `eotThreshold`, `applicationReconnect` … */
  attributes: z
    .record(z.string().regex(/^[A-Za-z]\w*$/), z.union([z.string(), z.number(), z.boolean()]))
    .default({}),
  /** Comes back in `setup`, and in Twilio's own logs: nothing secret. */
  parameters: z.record(z.string(), z.string()).default({}),
  /** Keys that the caller presses: `turn` is answered and kept, `context` informs the next answer alone. */
  dtmf: z.enum(["turn", "context", "ignore"]).default("turn"),
  /** Numbers that the agent may hand the call over to, by the name it knows them by. */
  transfers: z.record(z.string().regex(/^[\w -]{1,64}$/), phone).default({}),
  from_number: phone.optional(),
  /** Said when there is no answer to give. */
  apology: name.default("I am sorry, something went wrong. Please say that again."),
});

export type TwilioPersona = z.output<typeof twilioPersona>;

/** Attributes that have a setting, or are the adapter's own. */
const OURS = new Set(
  [
    ["url", "welcomeGreeting", "welcomeGreetingInterruptible", "language", "ttsLanguage", "ttsProvider"],
    ["voice", "transcriptionLanguage", "transcriptionProvider", "speechModel", "interruptible", "events"],
    ["interruptSensitivity", "dtmfDetection", "reportInputDuringAgentSpeech", "preemptible", "debug"],
    ["partialPrompts", "profanityFilter", "hints", "intelligenceService", "elevenlabsTextNormalization"],
    ["speechTimeout", "ignoreBackchannel", "backgroundNoiseReduction", "deepgramSmartFormat"],
  ]
    .flat()
    .map((name) => name.toLowerCase()),
);
const MAX_TOOL_NAME = 64;

/** The tool that hands the call over. */
export const TRANSFER = "transfer_call";

/** What of a persona does not fit, each a sentence; empty when it fits. */
export function validatePersona({ vendor, tools, language }: VendorPersona): string[] {
  return blockProblems("twilio", twilioPersona, vendor, (block) => [
    ...attributeProblems(block),
    ...languageProblems(block, language),
    ...tools.flatMap(({ name, delivery }) => toolProblems(block, name, delivery)),
  ]);
}

function attributeProblems({ attributes }: TwilioPersona): string[] {
  return Object.keys(attributes)
    .filter((name) => OURS.has(name.toLowerCase()))
    .map(
      (name) => `vendors.twilio.attributes.${name} has a setting of its own, or is Astrocyte's: remove it`,
    );
}

function languageProblems({ language }: TwilioPersona, personas: string): string[] {
  if (regional(language ?? personas) !== undefined) return [];
  return [`language "${language ?? personas}" is not known: use a BCP 47 tag such as "es-MX"`];
}

function toolProblems({ transfers }: TwilioPersona, name: string, delivery: "client" | "server"): string[] {
  return [
    ...(delivery === "client" ? [`tool "${name}" would be relayed by a page, and a telephone has none`] : []),
    ...(name.length > MAX_TOOL_NAME || !/^[A-Za-z_]\w*$/.test(name)
      ? [`tool "${name}" needs a name of up to ${MAX_TOOL_NAME} letters, digits and _`]
      : []),
    ...(name === TRANSFER && Object.keys(transfers).length > 0
      ? [`tool "${TRANSFER}" is made of vendors.twilio.transfers: rename yours`]
      : []),
  ];
}

/** `en` as `en-US`: Twilio wants a region. `undefined` for what is no language tag. */
export function regional(language: string): string | undefined {
  try {
    const { language: tongue, region } = new Intl.Locale(language).maximize();
    return region === undefined ? undefined : `${tongue}-${region}`;
  } catch {
    return undefined;
  }
}

import type { VendorPersona } from "../adapter.ts";
import { issuesOf, type TwilioConfig, type TwilioPersona, twilioPersona } from "./config.ts";
import { regional } from "./twiml.ts";

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

/** What of a persona does not fit, each a sentence; empty when it fits. */
export function validatePersona(_config: TwilioConfig, persona: VendorPersona): string[] {
  const parsed = twilioPersona.safeParse(persona.vendor);
  if (!parsed.success) return issuesOf(parsed.error).map((issue) => `vendors.twilio.${issue}`);
  return [
    ...attributeProblems(parsed.data),
    ...languageProblems(parsed.data, persona.language),
    ...persona.tools.flatMap(({ name, delivery }) => toolProblems(parsed.data, name, delivery)),
  ];
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

/** The tool that hands the call over. */
export const TRANSFER = "transfer_call";

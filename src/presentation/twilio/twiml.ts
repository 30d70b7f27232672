import type { RunningCall, VendorReply } from "../adapter.ts";
import { regional, type TwilioConfig, type TwilioPersona, twilioPersona } from "./config.ts";

type Attributes = Record<string, string | number | boolean | undefined>;

/** What Twilio says, and that it then hangs up. */
export function sayAndHangUp(text: string, language: string): VendorReply {
  return document(element("Say", { language }, [xml(text)]), element("Hangup"));
}

export function hangUp(): VendorReply {
  return document(element("Hangup"));
}

/** Hands the caller over to another number. */
export function dial(number: string): VendorReply {
  return document(element("Dial", {}, [xml(number)]));
}

/** Leads the call to our socket (contract §E.2). `attempt` is 0 at first: only then is the caller greeted. */
export function connect(
  config: TwilioConfig,
  call: Omit<RunningCall, "session">,
  attempt: number,
): VendorReply {
  const block = twilioPersona.parse(call.persona.vendor);
  const relay = element("ConversationRelay", relayAttributes(config, block, call, attempt), [
    ...block.languages.map((language) => element("Language", languageAttributes(language))),
    ...Object.entries(block.parameters).map(([name, value]) => element("Parameter", { name, value })),
  ]);
  const action = `${call.binding.callbackUrl}?attempt=${attempt}`;
  return document(element("Connect", { action }, [relay]));
}

function relayAttributes(
  config: TwilioConfig,
  block: TwilioPersona,
  { persona, briefing, binding }: Omit<RunningCall, "session">,
  attempt: number,
): Attributes {
  const spelt = (name: string) => (config.attribute_spelling === "sdk" ? name.toLowerCase() : name);
  return {
    url: binding.socketUrl,
    welcomeGreeting: attempt === 0 ? briefing.greeting : undefined,
    welcomeGreetingInterruptible: block.welcome_greeting_interruptible,
    language: block.language ?? regional(persona.language),
    ttsLanguage: block.tts_language,
    ttsProvider: block.tts_provider,
    voice: block.voice,
    transcriptionLanguage: block.transcription_language,
    transcriptionProvider: block.transcription_provider,
    speechModel: block.speech_model,
    interruptible: block.interruptible,
    interruptSensitivity: block.interrupt_sensitivity,
    dtmfDetection: block.dtmf !== "ignore",
    reportInputDuringAgentSpeech: block.report_input_during_agent_speech,
    preemptible: block.preemptible,
    partialPrompts: block.partial_prompts,
    profanityFilter: block.profanity_filter,
    hints: block.hints?.join(","),
    intelligenceService: block.intelligence_service,
    events: config.events === "" ? undefined : config.events,
    debug: block.debug,
    elevenlabsTextNormalization: block.elevenlabs_text_normalization,
    [spelt("speechTimeout")]: block.speech_timeout,
    [spelt("ignoreBackchannel")]: block.ignore_backchannel,
    [spelt("backgroundNoiseReduction")]: block.background_noise_reduction,
    [spelt("deepgramSmartFormat")]: block.deepgram_smart_format,
    ...block.attributes,
  };
}

function languageAttributes(language: TwilioPersona["languages"][number]): Attributes {
  return {
    code: language.code,
    ttsProvider: language.tts_provider,
    voice: language.voice,
    transcriptionProvider: language.transcription_provider,
    speechModel: language.speech_model,
  };
}

function document(...verbs: string[]): VendorReply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>${element("Response", {}, verbs)}`;
  return { status: 200, contentType: "text/xml", body };
}

function element(name: string, attributes: Attributes = {}, content: string[] = []): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const head = [name, ...given.map(([key, value]) => `${key}="${xml(String(value))}"`)].join(" ");
  return content.length === 0 ? `<${head}/>` : `<${head}>${content.join("")}</${name}>`;
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Characters that XML has no way to write are left out: one of them would make Twilio drop the call. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"']/g, (char) => ENTITIES[char]!)
    .replace(/[\t\n\r]+/g, " ");
}

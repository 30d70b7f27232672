import { parseXml, type XmlElement } from "./simulator-xml.ts";

export type RelayOrder = { attributes: Record<string, string>; parameters: Record<string, string> };

export type Verb =
  | { verb: "Say"; text: string }
  | { verb: "Hangup" }
  | { verb: "Dial"; number: string }
  | { verb: "Connect"; action?: string; relay: RelayOrder };

export type TwimlProblem = { code: number; message: string };

/** Documented attributes, as Twilio's SDK 6.2.0 types them, and the newer ones of the docs (contract §E.2). */
const RELAY = [
  ["url", "welcomeGreeting", "welcomeGreetingInterruptible", "language", "ttsLanguage", "ttsProvider"],
  ["voice", "transcriptionLanguage", "transcriptionProvider", "speechModel", "interruptible", "events"],
  ["interruptSensitivity", "dtmfDetection", "reportInputDuringAgentSpeech", "preemptible", "partialPrompts"],
  ["profanityFilter", "hints", "intelligenceService", "debug", "elevenlabsTextNormalization"],
  ["conversationConfiguration", "echoPromptFiltering", "eotThreshold", "applicationReconnect"],
].flat();
const SPELT = {
  sdk: ["speechtimeout", "ignorebackchannel", "backgroundnoisereduction", "deepgramsmartformat"],
  docs: ["speechTimeout", "ignoreBackchannel", "backgroundNoiseReduction", "deepgramSmartFormat"],
};
const LANGUAGE = ["code", "ttsProvider", "voice", "transcriptionProvider", "speechModel"];
const ALLOWED: Record<string, string[]> = {
  Response: [],
  Say: ["language", "voice", "loop"],
  Hangup: [],
  Dial: ["action", "callerId", "timeout", "timeLimit"],
  Connect: ["action", "method"],
  ConversationRelay: RELAY,
  Language: LANGUAGE,
  Parameter: ["name", "value"],
};

export type Spelling = keyof typeof SPELT;

/** The verbs of a document, and what is wrong with it. Unknown attributes are reported and left out (12200). */
export function readTwiml(source: string, spelling: Spelling): { verbs: Verb[]; problems: TwimlProblem[] } {
  const problems: TwimlProblem[] = [];
  let root: XmlElement;
  try {
    root = parseXml(source);
  } catch (error) {
    return { verbs: [], problems: [{ code: 12100, message: `Document parse failure: ${String(error)}` }] };
  }
  check(root, spelling, problems);
  return { verbs: root.children.flatMap((child) => readVerb(child, problems)), problems };
}

function check(
  { name, attributes, children }: XmlElement,
  spelling: Spelling,
  problems: TwimlProblem[],
): void {
  const allowed = ALLOWED[name];
  if (!allowed) problems.push({ code: 12200, message: `Schema validation: <${name}>` });
  const more = name === "ConversationRelay" ? SPELT[spelling] : [];
  for (const attribute of Object.keys(attributes)) {
    if (allowed?.includes(attribute) || more.includes(attribute)) continue;
    problems.push({ code: 12200, message: `Schema validation: ${name} ${attribute}` });
    delete attributes[attribute];
  }
  for (const child of children) check(child, spelling, problems);
}

function readVerb({ name, attributes, children, text }: XmlElement, problems: TwimlProblem[]): Verb[] {
  if (name === "Say") return [{ verb: "Say", text }];
  if (name === "Hangup") return [{ verb: "Hangup" }];
  if (name === "Dial") return [{ verb: "Dial", number: text }];
  const relay = children.find((child) => child.name === "ConversationRelay");
  if (name !== "Connect" || !relay) return [];
  if (!/^wss?:/.test(relay.attributes["url"] ?? "")) problems.push({ code: 64101, message: "Invalid url" });
  const { action } = attributes;
  const parameters = relay.children
    .filter((child) => child.name === "Parameter")
    .map((child) => [child.attributes["name"] ?? "", child.attributes["value"] ?? ""]);
  const order = { attributes: relay.attributes, parameters: Object.fromEntries(parameters) };
  return [{ verb: "Connect", relay: order, ...(action !== undefined && { action }) }];
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { bindingFor } from "../../testing/adapter/samples.ts";
import { parseVendorConfig } from "../vendor-config.ts";
import { regional, type TwilioConfigInput, twilioConfig } from "./config.ts";
import { PERSONA } from "./harness.fixture.ts";
import { readTwiml, type Spelling, type Verb } from "./simulator-twiml.ts";
import { connect, dial, hangUp, sayAndHangUp } from "./twiml.ts";

const CONFIG: TwilioConfigInput = { account_sid: `AC${"5".repeat(32)}`, auth_token: "token" };
const HOSTILE = `"/><Dial>+1900</Dial> & ]]> <!-- 'x' \u0000\u0007 \ud83d ä𝒜\n\tend`;

function relayOf(vendor: object, { greeting = "Hello.", attempt = 0, spelling = "sdk" as Spelling } = {}) {
  const config = parseVendorConfig("twilio", twilioConfig, { ...CONFIG, attribute_spelling: spelling });
  const binding = bindingFor("twilio");
  const persona = { ...PERSONA, vendor: { ...vendor } };
  const { body } = connect(config, { persona, binding, briefing: { text: "", greeting } }, attempt);
  const { verbs, problems } = readTwiml(body, spelling);
  assert.deepEqual(problems, []);
  const [verb] = verbs as Array<Extract<Verb, { verb: "Connect" }>>;
  return { ...verb!.relay, action: verb!.action, binding };
}

test("the call is led to our socket, and its end to our callback", () => {
  const { attributes, parameters, action, binding } = relayOf({ parameters: { desk: "7" } });
  assert.equal(attributes["url"], binding.socketUrl);
  assert.equal(action, `${binding.callbackUrl}?attempt=0`);
  assert.equal(attributes["language"], "en-US");
  assert.equal(attributes["welcomeGreeting"], "Hello.");
  assert.equal(attributes["events"], "speaker-events tokens-played");
  assert.deepEqual(parameters, { desk: "7" });
  assert.equal(relayOf({}, { attempt: 1 }).attributes["welcomeGreeting"], undefined);
});

test("whatever stands in a greeting, a name or a parameter, it is text", () => {
  const { attributes, parameters } = relayOf(
    { parameters: { [HOSTILE]: HOSTILE }, hints: [HOSTILE], voice: HOSTILE },
    { greeting: HOSTILE },
  );
  const plain = `"/><Dial>+1900</Dial> & ]]> <!-- 'x'  \ufffd ä𝒜 end`;
  assert.deepEqual([attributes["welcomeGreeting"], attributes["voice"]], [plain, plain]);
  assert.deepEqual(parameters, { [plain]: plain });
  for (const { body } of [sayAndHangUp(HOSTILE, "en-US"), dial(HOSTILE)]) {
    const { verbs, problems } = readTwiml(body, "sdk");
    assert.deepEqual(problems, []);
    assert.ok(JSON.stringify(verbs).includes("<Dial>"));
  }
});

test("every setting becomes the attribute that Twilio documents, in either spelling", () => {
  const vendor = {
    ...{ tts_provider: "ElevenLabs", voice: "v", tts_language: "de-DE", transcription_provider: "Deepgram" },
    ...{ transcription_language: "de-DE", speech_model: "nova-3-general", interruptible: "any" },
    ...{ interrupt_sensitivity: "low", welcome_greeting_interruptible: "none", partial_prompts: true },
    ...{ report_input_during_agent_speech: true, preemptible: false, profanity_filter: false, debug: "on" },
    ...{ hints: ["a", "b"], intelligence_service: "GA1", elevenlabs_text_normalization: "on" },
    ...{ speech_timeout: 800, ignore_backchannel: true, background_noise_reduction: true },
    ...{ deepgram_smart_format: true, languages: [{ code: "de-DE", voice: "w" }], dtmf: "ignore" },
    attributes: { eotThreshold: 0.7, applicationReconnect: true },
  };
  const sdk = relayOf(vendor).attributes;
  const docs = relayOf(vendor, { spelling: "docs" }).attributes;
  assert.deepEqual([sdk["speechtimeout"], docs["speechTimeout"]], ["800", "800"]);
  assert.deepEqual([sdk["hints"], sdk["dtmfDetection"], sdk["eotThreshold"]], ["a,b", "false", "0.7"]);
  assert.equal(Object.keys(sdk).length, Object.keys(docs).length);
});

test("the other documents", () => {
  assert.deepEqual(readTwiml(hangUp().body, "sdk").verbs, [{ verb: "Hangup" }]);
  assert.deepEqual(readTwiml(dial("+14155550199").body, "sdk").verbs, [
    { verb: "Dial", number: "+14155550199" },
  ]);
  const declined = sayAndHangUp("Sorry.", "en-US");
  assert.deepEqual(readTwiml(declined.body, "sdk").verbs, [
    { verb: "Say", text: "Sorry." },
    { verb: "Hangup" },
  ]);
  assert.equal(declined.contentType, "text/xml");
});

test("the simulator reads as strictly as Twilio", () => {
  const codes = (source: string) => readTwiml(source, "sdk").problems.map(({ code }) => code);
  for (const broken of [
    "",
    "<Response>",
    "<Response></Say></Response>",
    "<Response/>x",
    "<Response>&nbsp;</Response>",
    "<a b='1' b='2'/>",
  ])
    assert.deepEqual(codes(broken), [12100], broken);
  assert.deepEqual(codes('<Response><Hangup colour="red"/></Response>'), [12200]);
  assert.deepEqual(codes("<Response><Shout>hi</Shout></Response>"), [12200]);
  assert.deepEqual(
    codes('<Response><Connect><ConversationRelay url="https://x"/></Connect></Response>'),
    [64101],
  );
});

test("a language gets its usual region", () => {
  assert.deepEqual(["en", "de", "pt", "es-MX", "nonsense language"].map(regional), [
    "en-US",
    "de-DE",
    "pt-BR",
    "es-MX",
    undefined,
  ]);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import twilio from "twilio";
import {
  getExpectedBodyHash,
  getExpectedTwilioSignature,
  validateRequestWithBody,
} from "twilio/lib/webhooks/webhooks.js";
import { WebSocketServer } from "ws";
import { twilioConfig } from "../../src/presentation/twilio/config.ts";
import { PERSONA } from "../../src/presentation/twilio/harness.fixture.ts";
import { isSignedSocket, twilioSignature, verifiedForm } from "../../src/presentation/twilio/signature.ts";
import { createTwilioSimulator } from "../../src/presentation/twilio/simulator.ts";
import { connect, dial, sayAndHangUp } from "../../src/presentation/twilio/twiml.ts";
import { parseVendorConfig } from "../../src/presentation/vendor-config.ts";
import { bindingFor } from "../../src/testing/adapter/samples.ts";

const { VoiceResponse } = twilio.twiml;
const TOKEN = "twilio-auth-token";
const PARAMS = { CallSid: "CA1", From: "+14155550100", "odd name": "ä & ö", Digits: "1*#", Empty: "" };

const urls = [
  "https://app.test/v1/webhooks/twilio/secret?attempt=0",
  "https://app.test:8443/v1/inbound/twilio",
  "http://127.0.0.1:8787/v1/inbound/twilio",
  "https://app.test/a?x=it's&y=%20",
];

function formRequest(url: string, signature: string, params: Record<string, string> = PARAMS) {
  return {
    url,
    body: new TextEncoder().encode(new URLSearchParams(params).toString()),
    headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature },
    query: Object.fromEntries(new URL(url).searchParams),
  };
}

for (const url of urls) {
  test(`Twilio's SDK and we sign alike, accept each other and refuse alike: ${url}`, () => {
    const theirs = getExpectedTwilioSignature(TOKEN, url, PARAMS);
    assert.equal(twilioSignature(TOKEN, url, Object.entries(PARAMS)), theirs);
    assert.deepEqual(verifiedForm(TOKEN, formRequest(url, theirs)), PARAMS);
    assert.ok(
      twilio.validateRequest(TOKEN, twilioSignature(TOKEN, url, Object.entries(PARAMS)), url, PARAMS),
    );
    const changed = { ...PARAMS, From: "+14155550199" };
    assert.equal(twilio.validateRequest(TOKEN, theirs, url, changed), false);
    for (const request of [
      formRequest(url, theirs, changed),
      formRequest(`${url}x`, theirs),
      formRequest(url, theirs.toLowerCase()),
      formRequest(url, ""),
    ])
      assert.throws(() => verifiedForm(TOKEN, request), { code: "unauthenticated" });
  });
}

test("an address with the scheme's port, and without, is the same to both", () => {
  for (const [received, signed] of [
    ["https://app.test/a", "https://app.test:443/a"],
    ["https://app.test:443/a", "https://app.test/a"],
    ["http://app.test:80/a", "http://app.test/a"],
    ["https://app.test:8443/a", "https://app.test/a"],
  ] as const) {
    const signature = getExpectedTwilioSignature(TOKEN, signed, PARAMS);
    assert.ok(twilio.validateRequest(TOKEN, signature, received, PARAMS), received);
    assert.deepEqual(verifiedForm(TOKEN, formRequest(received, signature)), PARAMS, received);
  }
});

test("a JSON body with its hash in the address", () => {
  const body = '{"CallSid":"CA1","text":"ä"}';
  const url = `https://app.test/a?bodySHA256=${getExpectedBodyHash(body)}`;
  const signature = getExpectedTwilioSignature(TOKEN, url, {});
  assert.equal(twilioSignature(TOKEN, url), signature);
  assert.ok(validateRequestWithBody(TOKEN, signature, url, body));
  const request = {
    ...formRequest(url, signature),
    headers: { "content-type": "application/json", "x-twilio-signature": signature },
    body: new TextEncoder().encode(body),
  };
  assert.deepEqual(verifiedForm(TOKEN, request), {});
  const other = new TextEncoder().encode(body.replace("CA1", "CA2"));
  assert.throws(() => verifiedForm(TOKEN, { ...request, body: other }), { code: "unauthenticated" });
  assert.equal(validateRequestWithBody(TOKEN, signature, url, body.replace("CA1", "CA2")), false);
});

test("a WebSocket's upgrade, signed as wss without a port", () => {
  const url = "wss://app.test/v1/sockets/twilio/secret";
  const signature = getExpectedTwilioSignature(TOKEN, url, {});
  const request = (signed: string) => ({
    ...{ url, body: new Uint8Array(), query: {} },
    headers: { "x-twilio-signature": signed },
  });
  assert.ok(isSignedSocket(TOKEN, request(signature)));
  assert.ok(twilio.validateRequest(TOKEN, twilioSignature(TOKEN, url), url, {}));
  assert.ok(!isSignedSocket(TOKEN, request(getExpectedTwilioSignature("other", url, {}))));
});

test("the SDK accepts every request and every upgrade that our simulator sends", async () => {
  const seen: Array<{ url: string; headers: IncomingHttpHeaders; body: string }> = [];
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    seen.push({ url: `${base}${req.url}`, headers: req.headers, body });
    if (req.url !== "/inbound") return void res.writeHead(204).end();
    const response = new VoiceResponse();
    const action = `${base}/ended`;
    response.connect({ action }).conversationRelay({ url: `${base.replace("http", "ws")}/relay` });
    res.writeHead(200, { "content-type": "text/xml" }).end(response.toString());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sockets = new WebSocketServer({ server });
  const upgrades: Array<{ url: string; headers: IncomingHttpHeaders }> = [];
  sockets.on("connection", (_socket, req) =>
    upgrades.push({ url: `${base.replace("http", "ws")}${req.url}`, headers: req.headers }),
  );
  const simulator = await createTwilioSimulator({ authToken: TOKEN });
  const number = { number: "+14155550100", voiceUrl: `${base}/inbound`, statusCallback: `${base}/status` };
  const call = await simulator.ring(number, "+351912345678");
  await call.hangUp();
  await simulator.idle();
  await simulator.close();
  sockets.close();
  server.closeAllConnections();
  server.close();
  assert.deepEqual(seen.map(({ url }) => new URL(url).pathname).sort(), ["/ended", "/inbound", "/status"]);
  for (const { url, headers, body } of seen) {
    const params = Object.fromEntries(new URLSearchParams(body));
    assert.ok(twilio.validateRequest(TOKEN, String(headers["x-twilio-signature"]), url, params), url);
  }
  assert.equal(upgrades.length, 1);
  for (const { url, headers } of upgrades)
    assert.ok(twilio.validateRequest(TOKEN, String(headers["x-twilio-signature"]), url, {}));
  assert.deepEqual(simulator.errors, []);
});

const config = parseVendorConfig("twilio", twilioConfig, {
  account_sid: `AC${"5".repeat(32)}`,
  auth_token: TOKEN,
});

test("our TwiML is the SDK's, for the same attributes", () => {
  const vendor = {
    ...{ tts_provider: "ElevenLabs", voice: "v", transcription_provider: "Deepgram", interruptible: "any" },
    ...{ interrupt_sensitivity: "low", partial_prompts: true, profanity_filter: false, hints: ["a", "b"] },
    ...{ speech_timeout: 800, ignore_backchannel: true, deepgram_smart_format: true },
    languages: [{ code: "de-DE", tts_provider: "Google", voice: "w" }],
    parameters: { desk: 'front "desk" & <door>' },
  };
  const binding = bindingFor("twilio");
  const persona = { ...PERSONA, vendor };
  const briefing = { text: "", greeting: 'Tom & Jerry\'s <b>"hello"</b> ä' };
  const response = new VoiceResponse();
  const relay = response.connect({ action: `${binding.callbackUrl}?attempt=0` }).conversationRelay({
    ...{ url: binding.socketUrl, welcomeGreeting: briefing.greeting, language: "en-US" },
    ...{ ttsProvider: "ElevenLabs", voice: "v", transcriptionProvider: "Deepgram", interruptible: "any" },
    ...{ interruptSensitivity: "low", dtmfDetection: true, partialPrompts: true, profanityFilter: false },
    ...{ hints: "a,b", events: "speaker-events tokens-played" },
    ...{ speechtimeout: "800", ignorebackchannel: "true", deepgramsmartformat: "true" },
  });
  relay.language({ code: "de-DE", ttsProvider: "Google", voice: "w" });
  relay.parameter({ name: "desk", value: vendor.parameters.desk });
  assert.equal(plain(connect(config, { persona, binding, briefing }, 0).body), plain(response.toString()));
});

test("what we say and whom we dial is the SDK's too", () => {
  const declined = new VoiceResponse();
  declined.say({ language: "en-US" }, "Sorry & goodbye.");
  declined.hangup();
  assert.equal(plain(sayAndHangUp("Sorry & goodbye.", "en-US").body), plain(declined.toString()));
  const handed = new VoiceResponse();
  handed.dial("+14155550199");
  assert.equal(plain(dial("+14155550199").body), plain(handed.toString()));
});

/** The SDK leaves some characters as they are that we escape: the same text to a reader of XML. */
function plain(xml: string): string {
  return xml.replaceAll("&gt;", ">").replaceAll("&apos;", "'");
}

test("the SDK's own REST client dials, reads, lists and hangs up at the simulator", async () => {
  const simulator = await createTwilioSimulator({ authToken: TOKEN });
  const client = twilio(simulator.accountSid, TOKEN);
  // The client's only way to another host: its requests go through this function.
  const request = client.httpClient.request.bind(client.httpClient);
  client.httpClient.request = (options) =>
    request({ ...options, uri: options.uri.replace("https://api.twilio.com", simulator.url) });
  const twiml = "<Response><Hangup/></Response>";
  const created = await client.calls.create({ to: "+351912345678", from: "+14155550100", twiml });
  assert.match(created.sid, /^CA[0-9a-f]{32}$/);
  assert.equal((await client.calls.list({ from: "+14155550100" })).length, 1);
  await simulator.ringing();
  assert.equal((await client.calls(created.sid).fetch()).status, "ringing");
  await client.calls(created.sid).update({ status: "completed" });
  await simulator.idle();
  assert.equal((await client.calls(created.sid).fetch()).status, "canceled");
  await assert.rejects(client.calls("CA0").fetch(), { status: 404, code: 20404 });
  await simulator.close();
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { CallbackRequest } from "../adapter.ts";
import { requestOf } from "./harness.fixture.ts";
import { isSignedSocket, twilioSignature, verifiedForm } from "./signature.ts";

const TOKEN = "12345";
const FORM = { CallSid: "CA1", From: "+14155550100", Digits: "12#", "odd name": "ä & ö" };

test("the example of Twilio's documentation", () => {
  const params = {
    CallSid: "CA1234567890ABCDE",
    Caller: "+14158675310",
    Digits: "1234",
    From: "+14158675310",
    To: "+18005551212",
  };
  const url = "https://example.com/myapp.php?foo=1&bar=2";
  assert.equal(twilioSignature(TOKEN, url, Object.entries(params)), "L/OH5YylLD5NRKLltdqwSvS0BnU=");
});

const signedAs: Array<[received: string, signed: string]> = [
  ["https://app.test/a", "https://app.test/a"],
  ["https://app.test/a", "https://app.test:443/a"],
  ["https://app.test:443/a", "https://app.test/a"],
  ["https://app.test:8443/a?b=c", "https://app.test:8443/a?b=c"],
  ["https://app.test:8443/a", "https://app.test/a"],
  ["http://app.test/a", "http://app.test:80/a"],
  ["https://app.test/a?x=it's", "https://app.test/a?x=it%27s"],
  ["https://[::1]:8443/a", "https://[::1]/a"],
];
for (const [received, signed] of signedAs) {
  test(`received as ${received}, signed as ${signed}`, () => {
    const request = { ...requestOf(TOKEN, signed, FORM), url: received };
    assert.deepEqual(verifiedForm(TOKEN, request), FORM);
    assert.throws(() => verifiedForm("other", request), { code: "unauthenticated" });
  });
}

test("values that come several times count once, sorted", () => {
  const url = "https://app.test/a";
  const params: Array<[string, string]> = [
    ["To", "b"],
    ["To", "a"],
    ["To", "b"],
  ];
  const request = {
    ...requestOf(TOKEN, url, {}),
    body: new TextEncoder().encode("To=b&To=a&To=b"),
  };
  request.headers["x-twilio-signature"] = twilioSignature(TOKEN, url, params);
  assert.equal(verifiedForm(TOKEN, request)["To"], "b");
  assert.equal(
    twilioSignature(TOKEN, url, params),
    twilioSignature(TOKEN, url, [
      ["To", "a"],
      ["To", "b"],
    ]),
  );
});

function json(body: string, hash = createHash("sha256").update(body).digest("hex")): CallbackRequest {
  const url = `https://app.test/a?bodySHA256=${hash}`;
  return {
    url,
    body: new TextEncoder().encode(body),
    headers: { "content-type": "application/json", "x-twilio-signature": twilioSignature(TOKEN, url) },
    query: { bodySHA256: hash },
  };
}

test("a JSON body is covered by its hash in the signed address, or by nothing", () => {
  assert.deepEqual(verifiedForm(TOKEN, json('{"a":1}')), {});
  const swapped = { ...json('{"a":1}'), body: new TextEncoder().encode('{"a":2}') };
  const unsigned = { ...json('{"a":1}'), url: "https://app.test/a", query: {} };
  unsigned.headers = { ...unsigned.headers, "x-twilio-signature": twilioSignature(TOKEN, unsigned.url) };
  for (const request of [swapped, unsigned, json('{"a":1}', "0".repeat(64))])
    assert.throws(() => verifiedForm(TOKEN, request), { code: "unauthenticated" });
});

test("an upgrade is signed by its wss address, whichever scheme it came by", () => {
  const wss = "wss://app.test/v1/sockets/twilio/secret";
  const request = (url: string, signature: string): CallbackRequest => ({
    ...{ url, body: new Uint8Array(), query: {} },
    headers: { "x-twilio-signature": signature },
  });
  const signature = twilioSignature(TOKEN, wss);
  assert.ok(isSignedSocket(TOKEN, request(wss, signature)));
  assert.ok(isSignedSocket(TOKEN, request(wss.replace("wss", "https"), signature)));
  assert.ok(isSignedSocket(TOKEN, request(wss.replace("app.test", "app.test:443"), signature)));
  assert.ok(!isSignedSocket(TOKEN, request(`${wss}x`, signature)));
  assert.ok(!isSignedSocket(TOKEN, request(wss, "")));
});

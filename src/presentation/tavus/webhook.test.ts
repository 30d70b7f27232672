import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { example } from "./shape.fixture.ts";
import { parseTavusToolRequest, verifyTavusSignature } from "./webhook.ts";

const BODY = new TextEncoder().encode(JSON.stringify(example("tool_api_delivery", "request.default_body")));
const SIGNATURE = createHmac("sha256", "shared-secret").update(BODY).digest("hex");
const SESSION = { sessionId: "ses_1", vendorSessionId: "c123456", resources: [] };

test("a signature holds for its bytes and its secret alone", () => {
  assert.equal(verifyTavusSignature("shared-secret", BODY, SIGNATURE), true);
  assert.equal(verifyTavusSignature("other", BODY, SIGNATURE), false);
  assert.equal(verifyTavusSignature("", BODY, createHmac("sha256", "").update(BODY).digest("hex")), false);
  assert.equal(verifyTavusSignature("shared-secret", new Uint8Array([...BODY, 32]), SIGNATURE), false);
  for (const header of [undefined, "", SIGNATURE.toUpperCase(), `sha256=${SIGNATURE}`, SIGNATURE.slice(1)]) {
    assert.equal(verifyTavusSignature("shared-secret", BODY, header), false, header);
  }
});

test("a signed tool call is read, under our name of the tool", () => {
  const request = (body: Uint8Array, headers: Record<string, string>) => ({
    body,
    headers,
    url: "https://app.test/callback",
    query: {},
    session: SESSION,
  });
  const read = parseTavusToolRequest(request(BODY, { "X-Tavus-Signature": SIGNATURE }), "shared-secret");
  assert.deepEqual(read, {
    type: "tool_call",
    toolCallId: "call_abc123",
    name: "get_order",
    arguments: '{"order_id":"17"}',
  });
  const versioned = new TextEncoder().encode(
    '{"name":"get_order__0123456789","arguments":{"order_id":17},"tool_call_id":"c","conversation_id":"c123456"}',
  );
  const sign = (body: Uint8Array) => createHmac("sha256", "k").update(body).digest("hex");
  const call = parseTavusToolRequest(request(versioned, { "x-tavus-signature": sign(versioned) }), "k");
  assert.deepEqual([call.name, call.arguments], ["get_order", '{"order_id":17}']);

  const unsigned = () => parseTavusToolRequest(request(BODY, {}), "shared-secret");
  assert.throws(unsigned, (error) => AstrocyteError.is(error, "unauthenticated"));
  const foreign = new TextEncoder().encode('{"name":"a","tool_call_id":"c","conversation_id":"c9"}');
  const stolen = () => parseTavusToolRequest(request(foreign, { "x-tavus-signature": sign(foreign) }), "k");
  assert.throws(stolen, (error) => AstrocyteError.is(error, "unauthenticated"));
});

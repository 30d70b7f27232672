import assert from "node:assert/strict";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import type { CallbackRequest, RunningCall, VendorReply } from "../../presentation/adapter.ts";
import { type AdapterHarness, type Cases, handle, is, open } from "./harness.ts";

const REASONS: ErrorCode[] = [
  "not_found",
  "access_denied",
  "rate_limited",
  "deadline_exceeded",
  "vendor_failed",
];

/** Calls that begin at the vendor, callbacks of its whole account, what it is answered, and signs of life. */
export const callingCases: Cases = {
  async "reads a call that comes in alike each time, and refuses one that nobody signed"(harness) {
    const { adapter, vendor } = harness;
    assert.equal(
      vendor.ring !== undefined,
      adapter.inbound !== undefined,
      "ring() is there where calls come in",
    );
    if (!adapter.inbound || !vendor.ring) return;
    const request = vendor.ring();
    const call = adapter.inbound.parse(request);
    assert.notEqual(call.callId, "");
    assert.deepEqual(adapter.inbound.parse(request), call);
    for (const forged of forgeriesOf(request))
      assert.throws(() => adapter.inbound!.parse(forged), is("unauthenticated"));
    assert.ok(adapter.inbound.answerWithinMs > 0);
    assert.equal(vendor.billed(), 0);
  },

  async "answers a call that comes in: accepted, the same when asked again, or declined with a reason"(
    harness,
  ) {
    const { adapter, vendor } = harness;
    if (!adapter.inbound || !vendor.ring) return;
    const inbound = adapter.inbound.parse(vendor.ring());
    const call = await runningCall(harness, { inbound });
    const accepted = adapter.inbound.accept(call);
    assertReply(accepted);
    assert.deepEqual(adapter.inbound.accept(call), accepted);
    for (const reason of REASONS) {
      const declined = adapter.inbound.decline(new AstrocyteError(reason, "[test] words of ours. Do this."));
      assertReply(declined);
      assert.notEqual(declined.body, accepted.body);
      for (const secret of [...harness.secrets, call.binding.brain.apiKey, call.session.sessionId])
        assert.ok(!declined.body.includes(secret), "a secret shows");
    }
  },

  async "knows whose callback of the account it is, and refuses a forged one"(harness) {
    const { adapter, vendor } = harness;
    if (!adapter.sessionOfWebhook || !vendor.call) return;
    const { opened, binding } = await open(harness);
    const requests = await vendor.call(opened, "Hello.");
    assert.ok(requests.length > 0);
    for (const request of requests) {
      const named = await adapter.sessionOfWebhook(request);
      assert.ok(named, "it is a session of ours");
      if ("sessionId" in named) assert.equal(named.sessionId, binding.sessionId);
      else assert.equal(named.vendorSessionId, opened.vendorSessionId);
      for (const forged of forgeriesOf(request))
        await assert.rejects(adapter.sessionOfWebhook(forged), is("unauthenticated"));
    }
  },

  async "answers each callback in the vendor's own words, while the session runs and after"(harness) {
    const { adapter, vendor } = harness;
    if (!adapter.webhookReply || !vendor.call) return;
    const call = await runningCall(harness);
    const { vendorSessionId, resources } = call.session;
    const join = { kind: "none", url: "about:blank" };
    const requests = await vendor.call({ vendorSessionId, resources, join }, "Hello.");
    for (const request of requests) {
      const asked = { ...request, session: call.session };
      for (const state of [call, undefined])
        assertReply(adapter.webhookReply(asked, state), { mayBeEmpty: true });
    }
  },

  async "gives a sign of life, and is not troubled by a session that is over or was never there"(harness) {
    const { adapter, vendor } = harness;
    if (!adapter.keepAlive) return;
    assert.ok(adapter.capabilities.keepAliveMs! > 0);
    const session = handle((await open(harness)).opened);
    await adapter.keepAlive(session);
    assert.equal(vendor.running(), 1);
    await vendor.endSession(session.vendorSessionId);
    await adapter.keepAlive(session);
    await adapter.keepAlive({ ...session, vendorSessionId: "c0ffee00unknown" });
    assert.equal(vendor.running(), 0);
  },
};

/** Without its signature, and with one that is another's. */
function forgeriesOf(request: CallbackRequest): CallbackRequest[] {
  const named = Object.keys(request.headers).filter((name) => name !== "content-type");
  const guessed = Object.fromEntries(named.map((name) => [name, "t=1,v0=0"]));
  return [
    { ...request, headers: {} },
    { ...request, headers: { ...request.headers, ...guessed } },
  ];
}

async function runningCall(
  harness: AdapterHarness,
  more: Partial<RunningCall["binding"]> = {},
): Promise<RunningCall> {
  const { adapter, briefing, persona } = harness;
  const binding = { ...harness.binding(async () => {}), ...more };
  const opened = await adapter.open(briefing, persona, binding);
  return { session: { ...handle(opened), sessionId: binding.sessionId }, briefing, persona, binding };
}

function assertReply({ status, contentType, body }: VendorReply, { mayBeEmpty = false } = {}): void {
  assert.ok(status >= 200 && status < 300, String(status));
  assert.match(contentType, /^\w+\/[\w.+-]+/);
  assert.ok(mayBeEmpty || body !== "");
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { type CallOptions, makeCall } from "./call.fixture.ts";
import { callback, WEBHOOK_SECRET } from "./harness.fixture.ts";
import { sign } from "./simulator-end.ts";
import { verifyElevenLabsSignature } from "./webhook.ts";

const AT = 1_770_000_000;
const BODY = new TextEncoder().encode('{"type":"post_call_transcription","data":{}}');
const TEXT = new TextDecoder().decode(BODY);
const verify = (header: string | undefined, now = AT * 1000, body: Uint8Array = BODY) =>
  verifyElevenLabsSignature("secret", body, header, now);

test("a signature holds for its bytes, its secret and its half hour, both ways in time", () => {
  const good = sign("secret", TEXT, AT);
  assert.equal(verify(good), true);
  assert.equal(verify(good, (AT + 1800) * 1000), true);
  assert.equal(verify(good, (AT + 1801) * 1000), false);
  assert.equal(verify(good, (AT - 1801) * 1000), false, "nobody signs in the future");
  assert.equal(verify(sign("other", TEXT, AT)), false);
  assert.equal(verify(good, AT * 1000, new TextEncoder().encode(TEXT.replace("{}", "{ }"))), false);
  const [time, hex] = good.split(",") as [string, string];
  assert.equal(verify(`${hex}, v0=00, ${time}`), true, "any order, with a second one while a secret changes");
  assert.equal(verify(`t=${AT + 1},${hex}`), false, "the time is signed too");
});

test("what is no signature is none", () => {
  const hex = sign("secret", TEXT, AT).split("v0=")[1]!;
  for (const header of [
    undefined,
    "",
    "t=",
    `t=${AT}`,
    `v0=${hex}`,
    `t=${AT},v1=${hex}`,
    `t=NaN,v0=${hex}`,
    `t=${AT},v0=`,
  ])
    assert.equal(verify(header), false, String(header));
});

async function finished(options: CallOptions = {}) {
  const call = await makeCall(options);
  const person = await call.join();
  person.say("My sister is called Miriam.");
  await person.next(({ type }) => type === "user_transcript");
  await call.simulator.idle();
  await person.leave();
  await call.simulator.idle();
  return { ...call, requests: call.simulator.webhooks.map(callback), dispose: call[Symbol.asyncDispose] };
}

test("the account's webhook finds its session by the agent, or by the tag of a shared one", async () => {
  for (const strategy of ["agent_per_session", "shared_agent"] as const) {
    const persona = { tools: [] };
    const call = await finished({ config: { strategy }, persona });
    const found = await call.adapter.sessionOfWebhook!(call.requests[0]!);
    assert.deepEqual(found, { vendorSessionId: call.session.vendorSessionId });
    const events = await call.adapter.parseWebhook!({ ...call.requests[0]!, session: call.session });
    assert.deepEqual(
      events.map(({ type }) => type),
      ["transcript", "ended"],
    );
    const stranger = { ...call.session, vendorSessionId: "agent_of_another" };
    await assert.rejects(call.adapter.parseWebhook!({ ...call.requests[0]!, session: stranger }), (error) =>
      AstrocyteError.is(error, "unauthenticated"),
    );
    await call.dispose();
  }
});

test("a forged webhook is refused before anything is read of it", async () => {
  const call = await finished();
  const [request] = call.requests;
  const body = new TextEncoder().encode("no json");
  for (const forged of [
    { ...request!, headers: {} },
    { ...request!, body },
  ]) {
    await assert.rejects(call.adapter.sessionOfWebhook!(forged), (error) =>
      AstrocyteError.is(error, "unauthenticated"),
    );
  }
  await call.dispose();
});

test("a webhook of a talk that is over does not end a session whose page came back", async () => {
  const call = await finished();
  const back = await call.join();
  const [request] = call.requests;
  const during = await call.adapter.parseWebhook!({ ...request!, session: call.session });
  assert.deepEqual(
    during.map(({ type }) => type),
    ["transcript"],
  );
  await back.leave();
  const { turns, complete } = await call.adapter.fetchTranscript!(call.session);
  assert.equal(complete, true);
  assert.equal(turns.filter(({ text }) => text === "Hello Anna.").length, 2, "both talks are told");
  assert.equal(new Set(turns.map(({ key }) => key)).size, turns.length);
  await call.dispose();
});

test("a call that never began ends its session; audio means nothing", async () => {
  await using call = await makeCall();
  const clock = Math.floor(Date.now() / 1000);
  const told = (type: string, data: object) => {
    const body = JSON.stringify({ type, event_timestamp: clock, data });
    const headers = { "elevenlabs-signature": sign(WEBHOOK_SECRET, body, clock) };
    return call.adapter.parseWebhook!({ ...callback({ headers, body }), session: call.session });
  };
  const agent_id = call.session.vendorSessionId;
  const failed = {
    agent_id,
    conversation_id: "conv_1",
    failure_reason: "busy",
    metadata: { type: "twilio", body: {} },
  };
  assert.deepEqual(await told("call_initiation_failure", failed), [
    { type: "ended", reason: "vendor_call_initiation_failure" },
  ]);
  assert.deepEqual(
    await told("post_call_audio", { agent_id, conversation_id: "conv_1", full_audio: "AAAA" }),
    [],
  );
  assert.deepEqual(await told("something_new", { agent_id }), []);
});

test("an agent that was cut off is told with what it meant and what was heard; tools have rows of their own", async () => {
  const clock = new FakeClock("2026-02-02T10:00:00Z");
  const replies = [
    { toolCalls: [{ id: "call_1", name: "look_up", arguments: '{"what":"shoes"}' }] },
    "There are seven pairs of shoes in the cupboard.",
    "Of course.",
  ];
  await using call = await makeCall({
    clock,
    timing: { perLetter: 50 },
    answer: () => replies.shift() ?? "Yes.",
  });
  const person = await call.simulator.join(call.opened.join.url, {
    onTool: async ({ tool_call_id }) => ({
      type: "client_tool_result",
      tool_call_id,
      result: "seven",
      is_error: false,
    }),
  });
  await clock.advance(5_000);
  person.say("How many shoes have I?");
  const meant = "There are seven pairs of shoes in the cupboard.";
  await person.next((message) => JSON.stringify(message).includes(meant));
  await clock.advance(1_000);
  person.say("Stop.");
  await person.next(({ type }) => type === "agent_response_correction");
  await person.next((message) => JSON.stringify(message).includes("Of course."));
  await person.leave();
  const { turns } = await call.adapter.fetchTranscript!(call.session);
  const told = turns.map(({ role, text, heard, interrupted }) => ({ role, text, heard, interrupted }));
  assert.deepEqual(
    told.find(({ text }) => text === meant),
    {
      role: "agent",
      text: meant,
      heard: "There are seven...",
      interrupted: true,
    },
  );
  assert.deepEqual(
    told.filter(({ role }) => role === "tool").map(({ text }) => text),
    ['look_up {"what":"shoes"}', "seven"],
  );
  const times = turns.map(({ at }) => at!);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(times).size, times.length);
});

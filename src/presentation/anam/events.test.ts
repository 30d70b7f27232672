import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import type { WebhookRequest } from "../adapter.ts";
import { parseClientEvent, parseToolRequest, readTurns, toolResultInstruction } from "./events.ts";

const SESSION = { sessionId: "ses_1", vendorSessionId: "astrocyte:ses_1", resources: [] };

test("a record's messages are turns with keys of their own, the same each time", () => {
  // The example of Anam's OpenAPI document, and two that say the same within a second.
  const rows = [
    {
      role: "persona",
      message: "Hi! How can I help?",
      timestamp: "2026-04-20T09:00:01.000Z",
      wasInterrupted: true,
    },
    { role: "user", message: "Yes.", timestamp: "2026-04-20T09:00:05.000Z", speakingDurationSeconds: 2.1 },
    { role: "user", message: "Yes.", timestamp: "2026-04-20T09:00:05.000Z" },
    { role: "user", message: "Never mind.", timestamp: null },
    { role: "user", message: "" },
    {},
  ];
  const turns = readTurns(rows);
  assert.deepEqual(
    turns.map(({ role, text, at, interrupted }) => [role, text, at, interrupted]),
    [
      ["agent", "Hi! How can I help?", Date.parse("2026-04-20T09:00:01Z"), true],
      ["user", "Yes.", Date.parse("2026-04-20T09:00:05Z"), undefined],
      ["user", "Yes.", Date.parse("2026-04-20T09:00:05.001Z"), undefined],
      ["user", "Never mind.", undefined, undefined],
    ],
  );
  assert.equal(new Set(turns.map(({ key }) => key)).size, 4);
  assert.deepEqual(readTurns(rows), turns);
});

test("what a page reports is read, and what it makes up is nothing", () => {
  const message = { id: "user::m1", role: "user", content: "Hello." };
  assert.deepEqual(parseClientEvent({ event: "message", message }), [
    { type: "turn", turn: { key: "user::m1", role: "user", text: "Hello." } },
  ]);
  const closed = (code: string) =>
    parseClientEvent({ event: "closed", code: `CONNECTION_CLOSED_CODE_${code}` });
  assert.deepEqual(closed("SERVER_CLOSED_CONNECTION"), [{ type: "ended", reason: "ended_at_vendor" }]);
  assert.deepEqual([closed("NORMAL"), closed("WEBRTC_FAILURE")], [[], []]);
  for (const junk of [{}, { event: "message" }, { event: "message", message: [1] }, { event: ["message"] }])
    assert.deepEqual(parseClientEvent(junk), []);
  const noWords = { event: "message", message: { ...message, content: { text: "x" } } };
  assert.deepEqual(parseClientEvent(noWords), []);
});

const request = (headers: Record<string, string>, body: string): WebhookRequest => ({
  ...{ url: "https://gateway.example/v1/tools/anam/x", query: {}, session: SESSION, headers },
  body: new TextEncoder().encode(body),
});

test("a webhook tool is believed with the session's secret alone", () => {
  const headers = { "x-astrocyte-tool-secret": "s3cret", "x-astrocyte-tool": "look_up" };
  const first = parseToolRequest(request(headers, '{"what":"tea"}'), "s3cret");
  assert.deepEqual([first.name, first.arguments], ["look_up", '{"what":"tea"}']);
  const again = parseToolRequest(request(headers, '{"what":"tea"}'), "s3cret");
  assert.notEqual(again.toolCallId, first.toolCallId, "asked twice is two calls");
  assert.equal(parseToolRequest(request(headers, ""), "s3cret").arguments, "{}");
  const is = (code: "unauthenticated" | "invalid_input") => (error: unknown) =>
    AstrocyteError.is(error, code);
  for (const forged of [
    {},
    { ...headers, "x-astrocyte-tool-secret": "guess" },
    { ...headers, "x-astrocyte-tool": "" },
  ])
    assert.throws(() => parseToolRequest(request(forged, "{}"), "s3cret"), is("unauthenticated"));
  for (const junk of ["[1]", "no json", "null"])
    assert.throws(() => parseToolRequest(request(headers, junk), "s3cret"), is("invalid_input"));
});

test("the result of a silent tool joins the context, any other is the handler's value", () => {
  const outcome = { toolCallId: "c1", name: "note", status: "success", output: "Noted." } as const;
  assert.deepEqual(toolResultInstruction(SESSION, { ...outcome, result: "silent" }), {
    ...{ method: "addContext", toolCallId: "c1", text: "note: Noted." },
  });
  assert.deepEqual(toolResultInstruction(SESSION, { ...outcome, result: "speak", status: "error" }), {
    ...{ method: "toolResult", toolCallId: "c1", text: "Noted.", isError: true },
  });
});

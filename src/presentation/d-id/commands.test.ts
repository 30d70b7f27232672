import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { commandMessage } from "./commands.ts";
import contract from "./fixtures/contract.json" with { type: "json" };

const code = (expected: ErrorCode) => (error: unknown) => AstrocyteError.is(error, expected);
const TOPICS = contract.sessionV2.clientToServerTextTopics;

test("commands are the contract's text streams", () => {
  const said = commandMessage({ kind: "say", text: "Hello" }, "friendly");
  assert.deepEqual([said["topic"], said["as"]], ["did.speak", "text"]);
  assert.deepEqual(JSON.parse(said["payload"] as string), TOPICS["did.speak"]);
  const plain = commandMessage({ kind: "say", text: "Hello" });
  assert.ok(!("sentiment" in JSON.parse(plain["payload"] as string).script));
  assert.deepEqual(commandMessage({ kind: "respond", text: "Hi" }), {
    topic: "lk.chat",
    payload: "Hi",
    as: "text",
  });
  const { topic, payload } = commandMessage({ kind: "interrupt" });
  assert.equal(TOPICS[topic as keyof typeof TOPICS], payload);
});

test("D-ID's limits, in characters and in bytes", () => {
  assert.throws(() => commandMessage({ kind: "say", text: "Hi" }), code("invalid_input"));
  assert.throws(() => commandMessage({ kind: "respond", text: "" }), code("invalid_input"));
  const written = (length: number) => commandMessage({ kind: "respond", text: "a".repeat(length) });
  assert.equal((written(contract.chat.maxMessageChars)["payload"] as string).length, 2_000);
  assert.throws(() => written(2_001), code("payload_too_large"));
  assert.throws(() => commandMessage({ kind: "say", text: "ä".repeat(8_000) }), code("payload_too_large"));
  assert.throws(() => commandMessage({ kind: "append_context", text: "The cart." }), code("not_supported"));
});

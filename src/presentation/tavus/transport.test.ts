import assert from "node:assert/strict";
import { test } from "node:test";
import { refusal } from "../vendor-http.ts";
import { example } from "./shape.fixture.ts";
import { ADVICE, classify } from "./transport.ts";

const TAVUS = { vendor: "tavus", classify, advice: ADVICE };

test("each refusal of the contract has its code, whatever field holds the text", () => {
  const json = (name: string) => JSON.stringify(example("rest", name));
  const cases: Array<[status: number, body: string, code: string, retryable: boolean]> = [
    [400, json("error.400.invalid_id"), "vendor_not_found", false],
    [400, json("error.400.create_generic"), "vendor_invalid", false],
    [400, json("error.400.concurrency"), "vendor_capacity", true],
    [429, json("error.400.concurrency"), "vendor_capacity", true],
    [401, json("error.401"), "vendor_auth", false],
    [402, json("error.402"), "vendor_credits", false],
    [400, json("error.402"), "vendor_credits", false],
    [403, "", "vendor_auth", false],
    [404, "", "vendor_not_found", false],
    [409, '{"message":"maker_changes"}', "vendor_conflict", false],
    [429, "slow down", "vendor_rate_limited", true],
    [422, "null", "vendor_invalid", false],
    [500, "<html>", "vendor_failed", true],
    [503, "", "vendor_failed", true],
  ];
  for (const [status, body, code, retryable] of cases) {
    const error = refusal(TAVUS, "creating a conversation", status, body);
    assert.deepEqual([error.code, error.retryable], [code, retryable], `${status} ${body}`);
  }
});

test("what the vendor wrote is not repeated: it may echo a prompt or a key", () => {
  const error = refusal(TAVUS, "creating a PAL", 400, '{"error":"bad system_prompt: Anna has diabetes"}');
  assert.doesNotMatch(error.message, /Anna/);
  assert.match(error.message, /creating a PAL was refused with status 400\. Check/);
});

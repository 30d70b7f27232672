import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePolicyConfig } from "../config.ts";
import { piiSettings } from "../settings.ts";
import { applyBarrier } from "./barrier.ts";

const TEXT = "card 4111111111111111, mail anna@example.com and bob@example.com";

function barrier(pii: object, text: string, bank: object = {}) {
  const config = parsePolicyConfig({ barriers: { pii }, banks: { b: { pii: bank } } });
  return applyBarrier(text, piiSettings(config, "b")!);
}

test("redaction names and counts the kinds", () => {
  assert.deepEqual(barrier({}, TEXT), {
    action: "accepted",
    text: "card [card], mail [email] and [email]",
    redactions: [
      { kind: "card", count: 1 },
      { kind: "email", count: 2 },
    ],
    warnings: [],
  });
});

test("rejection names the kinds, never the values", () => {
  assert.deepEqual(barrier({ action: "reject" }, TEXT), { action: "refused", reason: "pii: card, email" });
});

test("warning leaves the text", () => {
  const result = barrier({ action: "warn" }, TEXT);
  assert.deepEqual(result, {
    action: "accepted",
    text: TEXT,
    redactions: [],
    warnings: ["pii: card", "pii: email"],
  });
});

test("each kind may have its own action, and each bank its own rules", () => {
  const own = barrier({ type_overrides: { email: { action: "allow" } } }, TEXT);
  assert.equal(
    own.action === "accepted" && own.text,
    "card [card], mail anna@example.com and bob@example.com",
  );
  const bank = barrier({}, TEXT, { action: "warn", type_overrides: { card: { action: "reject" } } });
  assert.deepEqual(bank, { action: "refused", reason: "pii: card" });
  const config = parsePolicyConfig({ banks: { b: { pii: { mode: "disabled" } } } });
  assert.equal(piiSettings(config, "b"), undefined);
  assert.notEqual(piiSettings(config, "c"), undefined);
});

test("custom patterns have a name, a placeholder and an action", () => {
  const patterns = [
    { name: "employee_no", regex: "EMP-\\d{5}" },
    { name: "project", regex: "(?i)project bluebird", action: "reject" },
  ];
  const result = barrier({ patterns }, "EMP-12345 asked");
  assert.equal(result.action === "accepted" && result.text, "[employee_no] asked");
  assert.deepEqual(barrier({ patterns }, "on Project Bluebird"), {
    action: "refused",
    reason: "pii: project",
  });
});

test("countries narrow what national forms are looked for", () => {
  const text = "811228-9874 and 536-90-4399 and +44 7911 123456";
  const result = barrier({ countries: ["US"] }, text);
  assert.equal(result.action === "accepted" && result.text, "811228-9874 and [us_ssn] and [phone]");
});

test("where findings overlap all of both goes", () => {
  const result = barrier({ patterns: [{ name: "half", regex: "4111 1111" }] }, "4111 1111 1111 1111");
  assert.equal(result.action === "accepted" && result.text, "[half]");
});

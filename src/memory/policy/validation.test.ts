import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { isBankPattern, matchesBank, valuesFor } from "./banks.ts";
import { parsePolicyConfig } from "./config.ts";
import { validationSettings } from "./settings.ts";
import { createValidation, type ValidationInput } from "./validation.ts";

const validate = createValidation(validationSettings(parsePolicyConfig()));

function problem(input: Partial<ValidationInput>): [code: string, field: unknown] {
  try {
    validate({ bankId: "person:anna", bytes: 10, tags: [], metadata: {}, ...input });
  } catch (error) {
    assert.ok(AstrocyteError.is(error));
    return [error.code, error.details["field"]];
  }
  return ["accepted", undefined];
}

test("ordinary input passes", () => {
  const metadata = { call: { id: "c1", turns: [1, 2] }, ok: true, none: null };
  assert.deepEqual(problem({ tags: ["preference", "tea & milk"], metadata }), ["accepted", undefined]);
});

test("what is wrong is named", () => {
  assert.deepEqual(problem({ bankId: "a b" }), ["invalid_input", "bank_id"]);
  assert.deepEqual(problem({ bankId: "" }), ["invalid_input", "bank_id"]);
  assert.deepEqual(problem({ bankId: "x".repeat(129) }), ["invalid_input", "bank_id"]);
  assert.deepEqual(problem({ bytes: 1_048_577 }), ["payload_too_large", "content"]);
  assert.deepEqual(problem({ tags: ["ok", ""] }), ["invalid_input", "tags.1"]);
  assert.deepEqual(problem({ tags: ["a\u0000"] }), ["invalid_input", "tags.0"]);
  assert.deepEqual(problem({ tags: Array(65).fill("t") }), ["invalid_input", "tags"]);
  assert.deepEqual(problem({ metadata: { text: "x".repeat(20_000) } }), ["payload_too_large", "metadata"]);
  assert.deepEqual(problem({ metadata: { big: 1n } }), ["invalid_input", "metadata.big"]);
});

test("credentials are kept out of metadata at any depth, however they are spelled", () => {
  for (const metadata of [
    { password: "x" },
    { API_KEY: "x" },
    { apiKey: "x" },
    { login: { "access-token": "x" } },
    { list: [{ secret: 1 }] },
  ]) {
    assert.equal(problem({ metadata })[0], "invalid_input", JSON.stringify(metadata));
  }
  assert.equal(problem({ metadata: { tokens: 5, keyword: "tea" } })[0], "accepted");
});

test("metadata too deep to walk is refused", () => {
  let metadata: Record<string, unknown> = {};
  for (let i = 0; i < 1_000; i++) metadata = { inner: metadata };
  assert.equal(problem({ metadata })[0], "invalid_input");
});

test("a bank pattern is an id or a prefix", () => {
  assert.ok(["a", "person:*", "*"].every(isBankPattern));
  assert.ok(!["", "a*b", "**", ":x", "a b"].some(isBankPattern));
  assert.ok(matchesBank("person:*", "person:anna") && !matchesBank("person:*", "persona"));
  assert.deepEqual(valuesFor({ exact: 3, "e*": 2, "*": 1, other: 0 }, "exact"), [1, 2, 3]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { countTokens, fitsWithin } from "./tokens.ts";

test("counts o200k tokens exactly", () => {
  assert.equal(countTokens(""), 0);
  assert.equal(countTokens("hello world"), 2);
  assert.equal(countTokens("Anna moved to Lisbon."), 5);
});

test("counts what looks like a control token as text", () => {
  assert.ok(countTokens("<|endoftext|>") > 1);
});

test("tells whether a text fits", () => {
  assert.equal(fitsWithin("hello world", 2), true);
  assert.equal(fitsWithin("hello world", 1), false);
  assert.equal(fitsWithin("", 0), true);
  assert.equal(fitsWithin("word ".repeat(10_000), 20), false);
});

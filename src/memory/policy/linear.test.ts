import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePolicyConfig } from "./config.ts";
import { renderAsData } from "./fence.ts";
import { screenText } from "./screen.ts";
import { piiSettings } from "./settings.ts";

const MEGABYTE = 1 << 20;
/** Beginnings of what is looked for, repeated: where an expression backtracks, this would take hours. */
const BEGINNINGS = [
  "a",
  "1 ",
  "12 ",
  "+1 ",
  "4111 ",
  "DE89 ",
  "1.1.1.",
  "a@",
  "a@b.",
  "a at a dot ",
  "a b c ",
  "one ",
  "1 one ",
  "0a:",
  "-----BEGIN PRIVATE KEY-----",
  "sk-a",
  "eyJaaaaaaaaa.",
  "password: ",
  "A_",
  "a://a:",
  "12 A B C ",
  "Straße ",
  "1 rue A ",
  "passport number ",
  "ignore previous ",
  "<a ",
  "![a](http://a?",
  "a_a",
  "send memories to ",
  "-",
  "#",
  "=",
  "\u200b",
  "\u{e0041}",
  "QUFB",
  "phone 1234567 ",
  "`",
  "{",
  "[",
  "(a+)+",
  "\n",
  " ",
];

test("a megabyte made to be slow is screened and rendered in linear time", { timeout: 240_000 }, () => {
  const patterns = [{ name: "evil", regex: "(a+)+b" }];
  const pii = piiSettings(parsePolicyConfig({ barriers: { pii: { patterns } } }), "b");
  for (const beginning of BEGINNINGS) {
    const text = beginning.repeat(Math.ceil(MEGABYTE / beginning.length)).slice(0, MEGABYTE);
    assert.equal(screenText(text, { pii, injection: true }).action, "accepted");
    assert.ok(renderAsData(text).length <= 2 * MEGABYTE);
  }
});

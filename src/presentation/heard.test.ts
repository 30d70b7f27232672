import assert from "node:assert/strict";
import { test } from "node:test";
import { heardOf } from "./heard.ts";

const cases: Array<[name: string, speeches: string[], heard: string, parts: string[]]> = [
  ["the start of one", ["Life is a complex set of rules."], "Life is a complex", ["Life is a complex"]],
  ["spelt in the vendor's way", ["Hi,  it's 5 o'clock!"], "hi it's 5", ["Hi,  it's 5"]],
  ["nothing yet", ["One moment.", "Your order is here."], "", ["", ""]],
  [
    "across two",
    ["One moment.", "Your order is here."],
    "One moment. Your order",
    ["One moment.", "Your order"],
  ],
  [
    "of the second alone",
    ["One moment.", "Your order is here."],
    "Your order",
    ["One moment.", "Your order"],
  ],
  ["of the first alone", ["One moment.", "Your order."], "One mo", ["One mo", ""]],
  ["all of it", ["All done."], "All done.", ["All done."]],
  ["within characters of two units", ["𝒜nna 𝒜nna"], "𝒜nna 𝒜", ["𝒜nna 𝒜"]],
  ["words that are not ours", ["It costs $5."], "It costs five dollars", ["It costs five dollars"]],
  ["no speech at all", [], "Hello", []],
];

for (const [name, speeches, heard, parts] of cases) {
  test(`what was heard: ${name}`, () => assert.deepEqual(heardOf(speeches, heard), parts));
}

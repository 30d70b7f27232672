import assert from "node:assert/strict";
import { test } from "node:test";
import { restatementKey } from "./restatement.ts";

const same = (a: string, b: string) => restatementKey(a) === restatementKey(b);

test("what changes no meaning changes no key", () => {
  for (const [a, b] of [
    ["I like coffee", "i like coffee!"],
    ["I'm a nurse.", "I am a nurse"],
    ["I really like the coffee", "I like coffee"],
    ["She said “hello”", 'she said "hello"'],
    ["I don’t eat meat", "I do not eat meat."],
    ["Café  at 10:30", "cafe\u0301 at 10:30"],
    ["a", "A"],
  ] as const) {
    assert.ok(same(a, b), `${a} = ${b}`);
  }
});

test("what may change the meaning changes the key", () => {
  for (const [a, b] of [
    ["I like coffee", "I do not like coffee"],
    ["Anna lives in Berlin", "Anna lives in Berlin?"],
    ["I live in Berlin", "I lived in Berlin"],
    ["Anna called Bob", "Bob called Anna"],
    ["the train from Rome to Paris", "the train to Rome from Paris"],
    ["I paid 10.50", "I paid 1050"],
    ["I paid 5 $", "I paid 5 €"],
    ["I write C", "I write C++"],
    ["It is -5 degrees", "It is 5 degrees"],
    ["I like my dog", "I like your dog"],
    ["I can't come", "I can come"],
  ] as const) {
    assert.ok(!same(a, b), `${a} ≠ ${b}`);
  }
});

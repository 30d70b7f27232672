import assert from "node:assert/strict";
import { test } from "node:test";
import { elementsOf, membersOf, withMembers, withoutMembers } from "./json-text.ts";

/** A repeatable stream of chance. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const TEXTS = ["", "a", '"', "\\", '\\"', "}", "],{", "\u0000\n", "é😀", "\\u0022", '{"a":1}', "\ud800"];

function anyValue(roll: (sides: number) => number, depth: number): unknown {
  const kind = roll(depth > 3 ? 4 : 6);
  if (kind === 0) return [null, true, false][roll(3)];
  if (kind === 1) return [0, -1.5, 1e21, 1e-7, 42][roll(5)];
  if (kind < 4) return TEXTS[roll(TEXTS.length)]! + TEXTS[roll(TEXTS.length)]!;
  const values = Array.from({ length: roll(4) }, () => anyValue(roll, depth + 1));
  if (kind === 4) return values;
  return Object.fromEntries(values.map((value, index) => [`${index}${TEXTS[roll(TEXTS.length)]}`, value]));
}

test("finds every member and element of any JSON, in any spacing", () => {
  const roll = dice(7);
  for (let round = 0; round < 2_000; round++) {
    const list = Array.from({ length: roll(4) }, () => anyValue(roll, 0));
    const value = { before: anyValue(roll, 0), list, "": anyValue(roll, 0) };
    const text = `${" ".repeat(roll(2))}${JSON.stringify(value, null, [undefined, 1, "\t"][roll(3)])}\n`;
    const members = membersOf(text);
    const read = members.map(({ key, value: [start, end] }) => [key, JSON.parse(text.slice(start, end))]);
    assert.deepEqual(Object.fromEntries(read), JSON.parse(text));
    const spans = elementsOf(text, members.find(({ key }) => key === "list")!.value);
    assert.deepEqual(
      spans.map(([start, end]) => JSON.parse(text.slice(start, end))),
      JSON.parse(text).list,
    );
  }
});

test("replaces and adds members, and leaves every other byte", () => {
  const text = ' { "a" : 1.0,\n"b":{"c":"}"} , "d":[ ] } ';
  const edit = (values: Record<string, string>) =>
    withMembers(text, membersOf(text), new Map(Object.entries(values)));
  assert.equal(edit({ b: "2" }), ' { "a" : 1.0,\n"b":2 , "d":[ ] } ');
  assert.equal(edit({ d: "[9]", a: "0" }), ' { "a" : 0,\n"b":{"c":"}"} , "d":[9] } ');
  assert.equal(edit({ e: "3" }), ' { "a" : 1.0,\n"b":{"c":"}"} , "d":[ ] ,"e":3} ');
  assert.equal(withMembers("{}", [], new Map([["a", "1"]])), '{"a":1}');
  assert.equal(edit({}), text);
});

test("takes members out, and leaves the bytes of the others", () => {
  const text = ' { "a" : 1.0,\n"b":{"c":"}"} , "a":[ ],"d":"\\u00e9" } ';
  assert.equal(withoutMembers(text, ["a"]), '{"b":{"c":"}"},"d":"\\u00e9"}');
  assert.equal(withoutMembers(text, ["d", "b", "x"]), '{"a" : 1.0,"a":[ ]}');
  assert.equal(withoutMembers(text, ["a", "b", "d"]), "{}");
});

test("runs of backslashes and quotes are read in one pass", () => {
  const text = JSON.stringify({ a: "\\".repeat(300_001), b: '"'.repeat(300_001), c: 1 });
  assert.deepEqual(
    membersOf(text).map(({ key }) => key),
    ["a", "b", "c"],
  );
});

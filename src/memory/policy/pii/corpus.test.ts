import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { applyBarrier } from "./barrier.ts";
import { PII_KINDS } from "./kinds.ts";

const redact = { patterns: [], actionFor: () => "redact" as const };

function lines(name: string): string[] {
  const text = readFileSync(new URL(name, import.meta.url), "utf8").replaceAll("·", "");
  return text.split("\n").filter((line) => line !== "" && !/^#{1,2} /.test(line));
}

function afterBarrier(text: string): string {
  const result = applyBarrier(text, redact);
  return result.action === "accepted" ? result.text : result.reason;
}

test("every positive of the corpus is redacted as written", (t) => {
  const cases = lines("corpus-positives.txt").map((line) => line.split(" => ") as [string, string]);
  const wrong = cases.filter(([text, expected]) => afterBarrier(text) !== expected);
  t.diagnostic(`${cases.length} positives, ${wrong.length} wrong`);
  assert.ok(cases.length >= 250);
  assert.deepEqual(
    wrong.map(([text]) => afterBarrier(text)),
    wrong.map(([, expected]) => expected),
  );
});

test("no negative of the corpus is touched", (t) => {
  const cases = lines("corpus-negatives.txt");
  const touched = cases.filter((text) => afterBarrier(text) !== text);
  t.diagnostic(`${cases.length} negatives, ${touched.length} touched`);
  assert.ok(cases.length >= 200);
  assert.deepEqual(touched.map(afterBarrier), touched);
});

test("every kind has a positive", () => {
  const found = new Set(lines("corpus-positives.txt").flatMap((line) => line.match(/\[[a-z_]+\]/g) ?? []));
  assert.deepEqual(
    PII_KINDS.filter((kind) => !found.has(`[${kind}]`)),
    [],
  );
});

test("the barrier's own output passes it unchanged", () => {
  for (const line of lines("corpus-positives.txt")) {
    const once = line.split(" => ")[1]!;
    assert.equal(afterBarrier(once), once);
  }
});

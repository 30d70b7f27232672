import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { proximity, timeSpan, wantsLatest } from "./time.ts";

/** A Thursday. */
const NOW = Date.parse("2026-01-15T12:00:00Z");

describe("timeSpan", () => {
  const cases: Array<[question: string, from: string, to: string]> = [
    ["What did we do last week?", "2026-01-05", "2026-01-12"],
    ["What did I say yesterday?", "2026-01-14", "2026-01-15"],
    ["Where were we in May 2023?", "2023-05-01", "2023-06-01"],
    ["What happened in March?", "2025-03-01", "2025-04-01"],
    ["What happened in 2022?", "2022-01-01", "2023-01-01"],
    ["What did he buy on 7 July, 2023?", "2023-07-07", "2023-07-08"],
    ["What was said last month?", "2025-12-01", "2026-01-01"],
    ["Who called last year?", "2025-01-01", "2026-01-01"],
    ["Who called before June 3rd?", "1970-01-01", "2025-06-03"],
    ["Who called before 2022?", "1970-01-01", "2022-01-01"],
    ["Who called after May 2024?", "2024-06-01", "2026-01-15T12:00:00Z"],
    ["What changed since last month?", "2025-12-01", "2026-01-15T12:00:00Z"],
    ["Who called between March 3 and March 9?", "2025-03-03", "2025-03-10"],
    ["What did we say in the past 3 weeks?", "2025-12-25T12:00:00Z", "2026-01-15T12:00:00Z"],
    ["Where did I live two years ago?", "2023-07-16T12:00:00Z", "2024-07-16T12:00:00Z"],
  ];
  for (const [question, from, to] of cases) {
    it(question, () => {
      assert.deepEqual(timeSpan(question, NOW), { from: Date.parse(from), to: Date.parse(to) });
    });
  }

  for (const question of [
    "What may I do?",
    "Where does Anna live now?",
    "Who won the second prize?",
    "Did Sam sit down?",
    "Is April coming?",
    "What is the key code?",
  ]) {
    it(`no time: ${question}`, () => assert.equal(timeSpan(question, NOW), undefined));
  }
});

describe("proximity", () => {
  it("is 1 inside and fades outside", () => {
    const span = { from: 1_000 * 86_400_000, to: 1_007 * 86_400_000 };
    assert.equal(proximity(span.from, span), 1);
    const [near, far] = [proximity(span.to + 86_400_000, span), proximity(span.to + 60 * 86_400_000, span)];
    assert.ok(near < 1 && near > 0.8 && far < 0.01);
    assert.equal(proximity(span.from - 86_400_000, span), proximity(span.to + 86_400_000, span));
  });
});

it("wantsLatest", () => {
  assert.ok(wantsLatest("What is Anna's current address?"));
  assert.ok(wantsLatest("Does she still work there?"));
  assert.ok(!wantsLatest("Where did Anna work in 2020?"));
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { readOwn } from "../bench/quality/own.ts";
import { reportOwn } from "../bench/quality/report.ts";
import { askAll } from "../bench/quality/run.ts";

/** Floors a little below what was measured: a change that loses evidence must not pass unseen. */
const FLOORS = {
  all_first_percent: 53,
  all_found_5_percent: 82,
  all_found_10_percent: 88,
  single_found_10_percent: 96,
  paraphrase_found_10_percent: 84,
  multi_found_10_percent: 78,
  time_found_10_percent: 84,
  update_found_10_percent: 95,
  banks_found_10_percent: 95,
  update_newer_first_percent: 70,
  unknown_silent_percent: 25,
};

it("recall finds on the set that ships what it found before, and refuses no question that has an answer", async () => {
  const { flat } = reportOwn(await askAll(await readOwn()));
  for (const [name, floor] of Object.entries(FLOORS)) {
    assert.ok(flat[name]! >= floor, `${name} is ${flat[name]}, at least ${floor} is expected`);
  }
  assert.equal(flat["wrongly_silent_questions"], 0);
});

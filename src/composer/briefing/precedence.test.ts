import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemoryHit } from "../../memory/types.ts";
import type { Attribute, SourceField, SourceRecord } from "../types.ts";
import { check } from "./attributes.ts";
import { labelledErrors } from "./claims/labelled.fixture.ts";
import { applyPrecedence, doubtful } from "./precedence.ts";

const now = Date.parse("2026-01-15T12:00:00Z");

const plan: Attribute = {
  type: "choice",
  names: ["plan", "subscription"],
  phrases: ["be on {value}"],
  values: { free: [], pro: ["professional"] },
};

function field(name: string, value: SourceField["value"], more: Partial<SourceField> = {}): SourceField {
  return { name, label: name, value, asOf: now, ttlMs: 60_000, stale: false, sensitivity: "open", ...more };
}

function record(source: string, authority: number, fields: SourceField[]): SourceRecord {
  return { source, authority, fetchedAt: now, fields };
}

function hit(memoryId: string, text: string, more: Partial<MemoryHit> = {}): MemoryHit {
  return {
    memoryId,
    bankId: "person:anna",
    text,
    score: 0.5,
    factType: "fact",
    contentType: "text",
    metadata: {},
    tags: [],
    occurredAt: now - 86_400_000,
    retainedAt: now,
    origin: "memory",
    flags: [],
    ...more,
  };
}

const crm = record("crm", 10, [field("plan_tier", "pro", { attribute: plan, label: "Plan" })]);

test("a memory that contradicts a record is taken out and listed with what it lost to", () => {
  const hits = [hit("m1", "I'm on the free plan"), hit("m2", "Asked what the free plan costs")];
  const result = applyPrecedence({ records: [crm], hits, names: ["anna"], now });
  assert.deepEqual(
    result.hits.map(({ memoryId }) => memoryId),
    ["m2"],
  );
  assert.deepEqual(result.overridden, [
    {
      memoryId: "m1",
      text: "I'm on the free plan",
      by: { source: "crm", field: "plan_tier" },
      reason: 'It contradicts "Plan" of crm, which is the record.',
      sensitivity: "open",
    },
  ]);
});

test("the labelled set: at most 2 % false and 10 % missed overrides on the half the rules never saw", () => {
  const held = labelledErrors("held-out");
  assert.ok(held.cases >= 240, `${held.cases} cases`);
  assert.ok(held.falseOverrides <= 2, `${held.falseOverrides} % false overrides`);
  assert.ok(held.missedOverrides <= 10, `${held.missedOverrides} % missed overrides`);
  const dev = labelledErrors("dev");
  assert.ok(dev.falseOverrides <= 2 && dev.missedOverrides <= 10, JSON.stringify(dev.wrong));
});

test("the last thing that a memory says counts", () => {
  const checked = { ...crm.fields[0]!, attribute: plan };
  const said = (text: string) => check({ text, occurredAt: now, names: [] }, checked, now);
  assert.equal(said("I'm on the free plan. Sorry, I'm on the pro plan."), "agrees");
  assert.equal(said("I'm on the pro plan. Sorry, I'm on the free plan."), "contradicts");
  assert.equal(said("My brother is on the free plan."), "unrelated");
});

test("an attribute without an exclusive set of values overrides nothing", () => {
  const languages = field("languages", "German, English");
  const hits = [hit("m1", "My language is French")];
  assert.equal(
    applyPrecedence({ records: [record("crm", 1, [languages])], hits, names: [], now }).hits.length,
    1,
  );
});

test("what came in with the call is not held against a record", () => {
  const hits = [hit("x1", "I'm on the free plan", { origin: "external" })];
  assert.equal(applyPrecedence({ records: [crm], hits, names: [], now }).hits.length, 1);
});

test("between sources authority decides, then freshness, and the loser is shown", () => {
  const shop = record("shop", 1, [field("plan_tier", "free"), field("city", "Bonn", { asOf: now - 5 })]);
  const other = record("erp", 1, [field("city", "Kiel", { sensitivity: "private" })]);
  const { facts, overridden } = applyPrecedence({ records: [shop, crm, other], hits: [], names: [], now });
  const values = Object.fromEntries(facts.map(({ name, value }) => [name, value]));
  assert.deepEqual(values, { plan_tier: "pro", city: "Kiel" });
  assert.deepEqual(
    overridden.map(({ text, by, sensitivity }) => [text, by.source, sensitivity]),
    [
      ["plan_tier: free", "crm", "open"],
      ["city: Bonn", "erp", "private"],
    ],
  );
});

test("two sources that agree override nothing", () => {
  const shop = record("shop", 1, [field("plan_tier", "pro")]);
  assert.deepEqual(applyPrecedence({ records: [shop, crm], hits: [], names: [], now }).overridden, []);
});

test("a reflection goes when it contradicts a record or cites a memory that did", () => {
  const base = { records: [crm], names: ["anna"], now };
  const contradicting = { text: "Anna is on the free plan.", citations: [], saidAt: now };
  assert.equal(applyPrecedence({ ...base, hits: [], reflection: contradicting }).reflection, undefined);
  const citing = { text: "Anna is careful with money.", citations: ["m1"], saidAt: now };
  const hits = [hit("m1", "I'm on the free plan")];
  const result = applyPrecedence({ ...base, hits, reflection: citing });
  assert.equal(result.reflection, undefined);
  assert.equal(result.overridden.length, 2);
  assert.deepEqual(applyPrecedence({ ...base, hits: [], reflection: citing }).reflection, citing);
});

test("a judge's finding overrides, and only doubtful memories are put to it", () => {
  const hits = [
    hit("m1", "Free plan customer since 2020"),
    hit("m2", "I'm on the pro plan"),
    hit("m3", "Likes tea"),
  ];
  const doubts = doubtful({ records: [crm], hits, names: [], now });
  assert.deepEqual(
    doubts.map(({ memoryId }) => memoryId),
    ["m1"],
  );
  const judged = [{ memoryId: "m1", source: "crm", field: "plan_tier" }];
  assert.deepEqual(
    applyPrecedence({ records: [crm], hits, names: [], now, judged }).overridden.map(
      ({ memoryId }) => memoryId,
    ),
    ["m1"],
  );
});

test("hostile repetition ends", () => {
  const checked = { ...crm.fields[0]!, attribute: { ...plan, type: "text" as const } };
  for (const part of [
    "I am on the ",
    "the customer's ",
    "now only ",
    "my plan is not ",
    "I have ",
    "a@",
    "**",
    "1, ",
  ]) {
    check({ text: part.repeat(3000), occurredAt: now, names: ["anna"] }, checked, now);
  }
});

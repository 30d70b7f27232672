import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePersonas } from "./personas.ts";

const base = { name: "Mia", prompt: "You are Mia." };

test("a persona of two lines has working defaults", () => {
  const persona = parsePersonas({ mia: base }).get("mia")!;
  assert.equal(persona.bank, "person:{subject}");
  assert.deepEqual(persona.briefing, { maxTokens: 4000, timeZone: "UTC" });
  assert.equal(persona.limits.maxDurationMs, 1_800_000);
  assert.equal(persona.recall.length, 1);
});

test("snake_case in, camelCase out, times as people write them", () => {
  const persona = parsePersonas({
    mia: {
      ...base,
      fallback_greeting: "Hello!",
      shared_banks: ["team:support"],
      recall: ["tea", { query: "work", max_results: 3, required: true }],
      briefing: { max_tokens: 900, order: ["persona", "rules", "memory"], time_zone: "Europe/Berlin" },
      limits: { max_duration: "10m", absent_timeout: 5000, daily_minutes: 60 },
      vendors: { tavus: { replica_id: "r1" } },
    },
  }).get("mia")!;
  assert.equal(persona.fallbackGreeting, "Hello!");
  assert.deepEqual(persona.sharedBanks, ["team:support"]);
  assert.deepEqual(persona.recall, [
    { query: "tea", maxResults: 8, required: false },
    { query: "work", maxResults: 3, required: true },
  ]);
  assert.deepEqual(persona.briefing.order, ["persona", "rules", "memory"]);
  assert.deepEqual([persona.limits.maxDurationMs, persona.limits.absentTimeoutMs], [600_000, 5000]);
  assert.deepEqual(persona.vendors, { tavus: { replica_id: "r1" } });
});

test("what is wrong is named", () => {
  const wrong: Array<[Record<string, unknown>, RegExp]> = [
    [{ promt: "x" }, /promt/],
    [{ bank: "everyone" }, /bank: must hold \{subject\}/],
    [{ language: "not a tag" }, /language/],
    [{ fallback_greeting: "Hi {{name}}" }, /fallback_greeting/],
    [{ briefing: { template: "{{persona}}" } }, /\{\{rules\}\} is missing/],
    [{ briefing: { template: "{{rules}}\n\n{{fact}}" } }, /\{\{fact\}\} is not a block/],
    [{ briefing: { template: "{{rules}} {{facts}}" } }, /share a paragraph/],
    [{ briefing: { order: ["persona"] } }, /must hold rules/],
    [{ briefing: { order: ["rules"], template: "{{rules}}" } }, /not both/],
    [{ briefing: { time_zone: "Mars/Olympus" } }, /time_zone/],
    [{ limits: { max_duration: "10 minutes" } }, /max_duration/],
  ];
  for (const [more, message] of wrong) {
    assert.throws(() => parsePersonas({ mia: { ...base, ...more } }), { code: "config_invalid", message });
  }
});

test("sources, tools and vendors must exist where they are known", () => {
  const raw = { mia: { ...base, sources: ["crm", "shop"], tools: ["lookup"], vendors: { tavuss: {} } } };
  assert.throws(() => parsePersonas(raw, { sources: ["crm"], tools: [], vendors: ["tavus", "local"] }), {
    code: "config_invalid",
    message:
      /mia\.sources: shop does not exist; there is crm; mia\.tools: lookup .* none; mia\.vendors: tavuss/,
  });
  assert.equal(parsePersonas(raw).size, 1);
  assert.equal(parsePersonas(undefined).size, 0);
});

test("a vendor's product that is no more is met with what replaced it", () => {
  const raw = { coach: { name: "Theo", prompt: "You coach.", vendors: { old: { avatar_name: "Ann" } } } };
  const known = { vendors: ["new"], replaced: { old: "old became new: rename the block." } };
  assert.throws(() => parsePersonas(raw, known), /coach\.vendors: old became new: rename the block/);
});

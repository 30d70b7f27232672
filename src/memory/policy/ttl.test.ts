import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePolicyConfig } from "./config.ts";
import { ttlSettings } from "./settings.ts";
import { expiryOf } from "./ttl.ts";

const DAY = 86_400_000;
const rules = {
  deleteAfterDays: 90,
  exemptTags: ["keep"],
  byFactType: { preference: 365, smalltalk: 7, identity: null },
  byTag: { support: 30, legal: null },
};
const days = (row: { tags?: string[]; factType?: string }) => {
  const at = expiryOf({ tags: [], factType: "fact", retainedAt: 10 * DAY, ...row }, rules);
  return at === undefined ? undefined : at / DAY - 10;
};

test("a memory expires by its kind and tags, the shortest rule first", () => {
  assert.equal(days({}), 90);
  assert.equal(days({ factType: "preference" }), 365);
  assert.equal(days({ factType: "smalltalk", tags: ["support"] }), 7);
  assert.equal(days({ factType: "preference", tags: ["support"] }), 30);
  assert.equal(days({ factType: "identity" }), undefined);
  assert.equal(days({ tags: ["legal"] }), undefined);
  assert.equal(days({ factType: "smalltalk", tags: ["legal"] }), 7);
  assert.equal(days({ factType: "smalltalk", tags: ["keep"] }), undefined);
  assert.equal(days({ factType: "toString", tags: ["constructor"] }), 90);
});

test("without rules nothing expires; a bank may have its own", () => {
  const config = parsePolicyConfig({
    lifecycle: { ttl: { delete_after_days: 90, exempt_tags: ["keep"] } },
    banks: {
      "call:*": { ttl: { delete_after_days: 7, tag_overrides: { summary: 30 } } },
      archive: { ttl: { delete_after_days: null } },
    },
  });
  const row = { tags: [], factType: "fact", retainedAt: 0 };
  assert.equal(expiryOf(row, ttlSettings(parsePolicyConfig(), "a")), undefined);
  assert.equal(expiryOf(row, ttlSettings(config, "a")), 90 * DAY);
  assert.equal(expiryOf(row, ttlSettings(config, "call:1")), 7 * DAY);
  assert.equal(expiryOf({ ...row, tags: ["summary"] }, ttlSettings(config, "call:1")), 30 * DAY);
  assert.equal(expiryOf({ ...row, tags: ["keep"] }, ttlSettings(config, "call:1")), undefined);
  assert.equal(expiryOf(row, ttlSettings(config, "archive")), undefined);
});

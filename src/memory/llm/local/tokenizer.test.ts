import assert from "node:assert/strict";
import { test } from "node:test";
import reference from "./reference.fixture.json" with { type: "json" };
import { createTokenizer } from "./tokenizer.ts";
import { readVocabulary } from "./weights.ts";

const tokenize = createTokenizer(await readVocabulary());

for (const { text, ids } of reference) {
  test(`gives the reference's ids of: ${text.slice(0, 40)}`, () => assert.deepEqual(tokenize(text), ids));
}

test("nothing has no tokens and a run of unknown symbols has one", () => {
  assert.deepEqual(tokenize(""), []);
  assert.equal(tokenize("𒀀𒀁𒀂").filter((id) => id === 0).length, 1);
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Astrocyte } from "../src/memory/brain.ts";
import { openTestMemory, testFolder } from "../src/memory/memory.fixture.ts";

const bankId = "anna";
/** A word that occurs nowhere else, so that one byte string proves the whole. */
const SECRET = "zwetschgenmus";

function filesWith(folder: string, word: string): string[] {
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(word));
}

async function tell(brain: Astrocyte): Promise<void> {
  const filler = Array.from({ length: 300 }, (_, i) => ({
    content: `filler number ${i} about the weather`,
    bankId,
  }));
  await brain.retainMany(filler);
  await brain.retain(
    [
      { speaker: "user", text: `My grandmother's ${SECRET} is in the cellar` },
      { speaker: SECRET, text: "and more of it" },
    ],
    { bankId, sessionId: "call-1", metadata: { note: SECRET }, tags: [SECRET], idempotencyKey: "k1" },
  );
  await brain.retain(`# ${SECRET}\n\nA recipe.`, { bankId, contentType: "document", sessionId: "call-1" });
  await brain.recall(`where is the ${SECRET}`, { bankId });
}

for (const [name, forget] of [
  ["hard", (brain: Astrocyte) => brain.forget({ bankId, sessionId: "call-1", mode: "hard" })],
  [
    "soft and purge",
    async (brain: Astrocyte) => {
      await brain.forget({ bankId, sessionId: "call-1" });
      await brain.purge({ bankId });
    },
  ],
  ["scope all", (brain: Astrocyte) => brain.forget({ bankId, scope: "all", mode: "hard" })],
  ["dropping the bank", (brain: Astrocyte) => brain.dropBank(bankId)],
] as const) {
  test(`after forgetting (${name}) no byte of it is in any file, and no search finds it`, async (t) => {
    const folder = await testFolder(t);
    const { brain } = await openTestMemory(t, { path: join(folder, "memory.db") });
    await tell(brain);
    assert.notDeepEqual(filesWith(folder, SECRET), []);
    await forget(brain);
    assert.deepEqual(filesWith(folder, SECRET), []);
    if (name !== "dropping the bank") {
      const { hits } = await brain.recall(`where is the ${SECRET} of my grandmother`, { bankId });
      assert.ok(!JSON.stringify(hits).includes(SECRET));
      const past = await brain.history(SECRET, { bankId, asOf: Date.parse("2030-01-01") });
      assert.ok(!JSON.stringify(past).includes(SECRET));
    }
    const entries = JSON.stringify(await brain.audit({ bankId, limit: 1_000 }).catch(() => []));
    assert.ok(!entries.includes(SECRET));
    await brain.close();
    assert.deepEqual(filesWith(folder, SECRET), []);
  });
}

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Astrocyte } from "../src/memory/brain.ts";
import { composerStore, openDatabase } from "../src/stores/sqlite/index.ts";
import { sessionRow } from "../src/testing/composer-store-contract.ts";

const SECRET = "the blue heron nests behind the chapel";

test("a memory that goes for good takes the turn, the briefing and the tool answers that repeat it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-copies-"));
  const path = join(folder, "store.db");
  const database = await openDatabase(path);
  const memory = await Astrocyte.open({ database });
  const store = composerStore(database);
  const bankId = "person:anna";
  try {
    const turns = [
      { speaker: "anna", text: SECRET, id: "t1" },
      { speaker: "anna", text: "I also like long walks in the rain.", id: "t2" },
    ];
    const { chunks } = await memory.retain(turns, { bankId, contentType: "transcript", sessionId: "ses_1" });
    const memoryId = chunks[0]!.memoryId;
    const briefing = JSON.stringify({ text: SECRET, lines: [{ text: SECRET, memory: { memoryId } }] });
    await store.sessions.create(sessionRow("ses_2", { bankId, briefing }), event("ses_2"), 9);
    for (const { id, text } of turns) {
      await store.turns.upsert([
        {
          sessionId: "ses_1",
          key: id,
          role: "user",
          text,
          heard: null,
          interrupted: false,
          at: 1,
          channel: "pull",
          retainedAt: 2,
        },
      ]);
    }
    const call = {
      sessionId: "ses_2",
      id: "c1",
      name: "recall",
      status: "success" as const,
      at: 1,
      memoryId: null,
    };
    await store.toolCalls.begin({ ...call, output: SECRET });

    await memory.forget({ bankId, memoryIds: [memoryId], mode: "hard" });

    assert.deepEqual(
      (await store.turns.list("ses_1")).map(({ key }) => key),
      ["t2"],
    );
    assert.equal((await store.sessions.get("ses_2"))?.briefing, null);
    assert.equal((await store.toolCalls.list("ses_2", 9))[0]?.output, "");
    await memory.dropBank(bankId);
    await database.close();
    for (const file of [path, `${path}-wal`]) {
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      assert.equal(bytes.includes("heron"), false, file);
    }
  } finally {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
});

function event(sessionId: string) {
  return { sessionId, at: 1, type: "preparing", data: {} };
}

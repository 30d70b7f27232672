import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Astrocyte } from "../src/index.ts";
import { openGateway } from "../src/server/index.ts";
import { composerStore, memoryStore, openDatabase } from "../src/stores/sqlite/index.ts";
import { createScriptedLLM } from "../src/testing/index.ts";
import { SECRET } from "./gateway.fixture.ts";

test("a store that is given in code is used in place of a file, and is left open", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-own-stores-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const database = await openDatabase(":memory:");
  t.after(() => database.close());
  const stores = { memory: memoryStore(database), composer: composerStore(database) };
  const embedder = createScriptedLLM();
  const config = { store: { path: join(folder, "unused.db") }, server: { secret: SECRET } };

  const gateway = await openGateway(config, { stores, embedder });
  const url = await gateway.listen({ port: 0 });
  const answer = await fetch(`${url}/v1/retain`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ bank_id: "notes", content: "The door code is under the mat." }),
  });
  assert.equal(answer.status, 200);
  await gateway.close();

  const memory = await Astrocyte.open({ memoryStore: stores.memory, embedder });
  const { hits } = await memory.recall("Where is the door code?", { bankId: "notes" });
  assert.deepEqual(
    hits.map(({ text }) => text),
    ["The door code is under the mat."],
  );
  await memory.close();
  assert.equal((await stores.memory.banks.list()).length, 1);
  assert.deepEqual(await stores.composer.sessions.list({ limit: 1 }), []);
  assert.deepEqual(await readdir(folder), []);
});

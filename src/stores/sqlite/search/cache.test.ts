import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { connect } from "../connection.ts";
import { NOW, rowOf } from "../faults/rows.ts";
import { open } from "../index.ts";
import { searchReads } from "../ops/search.ts";
import { IndexCache } from "./cache.ts";

it("indexes beyond the limit are thrown away, the least recently used first, and come back when asked for", async () => {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-cache-"));
  const path = join(folder, "store.db");
  const store = await open(path);
  const banks = Array.from({ length: 8 }, (_, i) => `bank${i}`);
  for (const bankId of banks) {
    await store.banks.ensure({ id: bankId, owner: "user:anna", createdAt: NOW, embeddingModel: "model" });
    const memories = [
      { row: rowOf(`of ${bankId}`, "lighthouse", { bankId }), vector: Float32Array.of(1, 2) },
    ];
    await store.memories.write({ bankId, memories, merges: [], supersedes: [], audit: [] });
  }
  const connection = connect(path, true, 1000);
  const indexes = new IndexCache(1);
  const roomy = new IndexCache(2 ** 30);
  const ask = (cache: IndexCache, bankId: string) => {
    const context = { ...connection, indexes: cache };
    const filter = { now: NOW };
    searchReads["search.dense"](context, { bankId, vector: Float32Array.of(1, 2), filter, limit: 3 });
    return searchReads["search.lexical"](context, { bankId, text: "lighthouse", filter, limit: 3 }).ids;
  };
  for (const bankId of [...banks, ...banks]) {
    for (const cache of [indexes, roomy]) assert.deepEqual(ask(cache, bankId), [`of ${bankId}`]);
  }
  assert.equal(indexes.size, 1);
  assert.equal(roomy.size, 8);
  connection.close();
  await store.close();
  await rm(folder, { recursive: true });
});

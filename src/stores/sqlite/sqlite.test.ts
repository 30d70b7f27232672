import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { MemoryStore } from "../../memory/store.ts";
import { memoryStoreContract } from "../../testing/memory-store-contract.ts";
import { open } from "./index.ts";

async function make() {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-test-"));
  const path = join(folder, "store.db");
  let store: MemoryStore = await open(path);
  return {
    store,
    async reopen() {
      await store.close();
      store = await open(path);
      return store;
    },
    async destroy() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

describe("SQLite keeps the memory store's contract", () => {
  for (const { name, run } of memoryStoreContract(make)) it(name, run);
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { composerStoreContract } from "../../testing/composer-store-contract.ts";
import { composerStore, openDatabase } from "./index.ts";

for (const { name, run } of composerStoreContract(makeHarness)) test(name, run);

async function makeHarness() {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-composer-"));
  const path = join(folder, "store.db");
  let db = await openDatabase(path);
  return {
    store: composerStore(db),
    async reopen() {
      await db.close();
      db = await openDatabase(path);
      return composerStore(db);
    },
    async destroy() {
      await db.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

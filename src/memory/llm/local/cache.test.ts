import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cacheFolder, readCached, writeCached } from "./cache.ts";

test("the folder follows the environment and the platform", () => {
  assert.equal(cacheFolder({ ASTROCYTE_CACHE_DIR: "/a", XDG_CACHE_HOME: "/b" }, "linux"), "/a");
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "/b" }, "linux"), join("/b", "astrocyte"));
  assert.match(cacheFolder({}, "linux"), /\.cache.astrocyte$/);
  assert.match(cacheFolder({}, "darwin"), /Library.Caches.astrocyte$/);
  assert.match(cacheFolder({ LOCALAPPDATA: "C:\\L" }, "win32"), /^C:.L.astrocyte.Cache$/);
});

test("many writers at once leave one whole file and nothing else", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-"));
  t.after(() => rm(folder, { recursive: true }));
  const nested = join(folder, "new");
  const written = await Promise.all(
    Array.from({ length: 8 }, (_, i) => writeCached(nested, "m", new Uint8Array(100_000).fill(i))),
  );
  assert.deepEqual(new Set(written), new Set([true]));
  const file = await readCached(nested, "m");
  assert.equal(file?.length, 100_000);
  assert.equal(new Set(file).size, 1);
  assert.deepEqual(await readdir(nested), ["m"]);
});

test("a folder that cannot be written is no error", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "file"), "");
  assert.equal(await writeCached(join(folder, "file"), "m", new Uint8Array(1)), false);
  assert.equal(await readCached(join(folder, "file"), "m"), undefined);
});

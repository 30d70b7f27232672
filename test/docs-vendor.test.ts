import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";
import { entries, modulesOf, ROOT } from "./docs.fixture.ts";

/* The vendor that docs/add-a-vendor.md writes, as it stands there, passes the adapters' contract. */
const folder = await mkdtemp(join(tmpdir(), "astrocyte-vendor-"));
after(() => rm(folder, { recursive: true, force: true }));
await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
await writeFile(join(folder, "package.json"), '{ "type": "module" }');

const files = entries();
for (const { file, code } of modulesOf(["docs/add-a-vendor.md"])) {
  const script = code.replaceAll(
    /from "(astrocyte[\w/]*)"/g,
    (_all, name: string) => `from ${JSON.stringify(pathToFileURL(files[name]!).href)}`,
  );
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), script);
}
await import(pathToFileURL(join(folder, "acme/adapter.contract.test.ts")).href);

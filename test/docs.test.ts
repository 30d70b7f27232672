import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { GENERATED } from "../scripts/docs/generated.ts";
import { UNTOLD } from "../scripts/docs/table.ts";
import { configSchema, loadConfig } from "../src/config.ts";
import { parseConfigText } from "../src/core/config.ts";
import { openGateway } from "../src/open-gateway.ts";
import { anamConfig, anamPersona } from "../src/presentation/anam/config.ts";
import { dIdConfig, dIdPersona } from "../src/presentation/d-id/config.ts";
import { elevenLabsConfig, elevenLabsPersona } from "../src/presentation/elevenlabs/config.ts";
import { tavusConfig, tavusPersona } from "../src/presentation/tavus/config.ts";
import { twilioConfig, twilioPersona } from "../src/presentation/twilio/config.ts";
import { createMetrics } from "../src/server/metrics.ts";
import { blocksOf, entries, modulesOf, PAGES, READERS_OWN, ROOT, read } from "./docs.fixture.ts";

const run = promisify(execFile);

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-docs-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("tables are what the code makes them, and every row is told", () => {
  for (const [name, render] of Object.entries(GENERATED)) {
    const page = read(`docs/${name}`);
    assert.equal(page, render(page), `docs/${name} is out of date. Run node scripts/docs.ts.`);
    assert.ok(!page.includes(UNTOLD), `docs/${name} does not say what a row means.`);
  }
});

/** What each vendor's guide must tell of: the schemas of its settings and of a persona's block. */
const VENDOR_SETTINGS: Record<string, Array<{ shape: object }>> = {
  anam: [anamConfig, anamPersona],
  "d-id": [dIdConfig, dIdPersona],
  elevenlabs: [elevenLabsConfig, elevenLabsPersona],
  tavus: [tavusConfig, tavusPersona],
  twilio: [twilioConfig, twilioPersona],
};

test("every section and setting has its place", () => {
  const page = read("docs/configuration.md");
  for (const key of Object.keys(configSchema.shape))
    assert.match(page, new RegExp(`^(?:## |\\| )\`${key}\``, "m"), key);
  for (const [vendor, schemas] of Object.entries(VENDOR_SETTINGS)) {
    const guide = read(`docs/vendors/${vendor}.md`);
    for (const key of schemas.flatMap(({ shape }) => Object.keys(shape)))
      assert.ok(guide.includes(`\`${key}\``), `docs/vendors/${vendor}.md says nothing of ${key}`);
  }
});

test("every metric is listed", async () => {
  const { text } = await createMetrics().scrape();
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  assert.ok(names.length > 5);
  for (const name of names) assert.ok(read("docs/operating.md").includes(`\`${name}\``), name);
});

test("links lead somewhere", () => {
  const broken = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
      .map(([, file = "", anchor]) => ({ path: file === "" ? page : join(dirname(page), file), anchor }))
      .filter(({ path, anchor }) => !existsSync(join(ROOT, path)) || (anchor && !hasHeading(path, anchor)))
      .map(({ path, anchor }) => `${page} > ${path}${anchor ? `#${anchor}` : ""}`),
  );
  assert.deepEqual(broken, []);
});

function hasHeading(page: string, anchor: string): boolean {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!);
  return headings.some(
    (title) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-") === anchor,
  );
}

/** Gives every variable that a text names a value of its kind, until the test is over. */
function setVariables(text: string, t: TestContext): void {
  for (const [, name] of text.matchAll(/\$\{(\w+)\}/g)) {
    const secret = name!.endsWith("SHA256") ? "a".repeat(64) : `${name}-of-at-least-thirty-two-characters`;
    process.env[name!] = secret;
    t.after(() => delete process.env[name!]);
  }
}

test("the example of all sections starts a gateway", async (t) => {
  const folder = await folderFor(t);
  const [example] = blocksOf("yaml", ["docs/configuration.md"]);
  const text = example!.code.replaceAll("/var/lib/astrocyte", folder);
  setVariables(text, t);
  const file = join(folder, "astrocyte.yaml");
  await writeFile(file, text);
  const missing = Object.keys(configSchema.shape).filter((key) => !new RegExp(`^${key}:`, "m").test(text));
  assert.deepEqual(missing, []);
  const gateway = await openGateway(file);
  assert.deepEqual([...gateway.composer.parts.personas.keys()], ["support"]);
  await gateway.close();
});

test("YAML that is configuration is valid", (t) => {
  const sections = blocksOf("yaml").filter(({ code }) => /^\w+:/.test(code));
  assert.ok(sections.length > 3);
  for (const { page, line, code } of sections) {
    setVariables(code, t);
    const { value } = parseConfigText(code, `${page}:${line}`);
    assert.doesNotThrow(() => loadConfig(value as object), `${page}:${line}`);
  }
});

test("TypeScript compiles against the package's entries", async (t) => {
  const folder = await folderFor(t);
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const [name, code] of Object.entries(READERS_OWN)) await writeFile(join(folder, name), code);
  const modules = modulesOf();
  assert.ok(modules.length > 8);
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  for (const { file, code } of modules) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), `${code}\nexport {};\n`);
  }
  const paths = Object.fromEntries(Object.entries(entries()).map(([name, file]) => [name, [file]]));
  const compilerOptions = { noUnusedLocals: false, noUncheckedIndexedAccess: false, paths };
  const config = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions,
    include: ["*.ts", "*.mts", "acme/*.ts"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = run(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], { cwd: folder });
  await tsc.catch(({ stdout }: { stdout: string }) => assert.fail(stdout));
});

/** `value; // => expected` is asserted; the rest must not fail. */
for (const { page, line, code } of modulesOf(["README.md", "docs/memory.md", "docs/governance.md"])) {
  test(`${page}:${line} does what it says`, async (t) => {
    const folder = await folderFor(t);
    const files = entries();
    const script = code
      .replaceAll(
        /from "(astrocyte[\w/]*)"/g,
        (_all, name: string) => `from "${pathToFileURL(files[name]!)}"`,
      )
      .replaceAll(/^(\s*)(.+); \/\/ => (.+)$/gm, "$1assert.deepEqual($2, $3);");
    const file = join(folder, "page.mts");
    await writeFile(file, `import assert from "node:assert/strict";\n${script}`);
    await mkdir(join(folder, "work"));
    await run(process.execPath, [file], { cwd: join(folder, "work") });
  });
}

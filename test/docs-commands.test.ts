import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { blocksOf, commandsOf, PAGES, ROOT, read } from "./docs.fixture.ts";
import { APP_KEY, makeGateway } from "./gateway.fixture.ts";

type Shell = { cwd: string; env: Record<string, string | undefined> };

function sh(command: string, { cwd, env }: Shell): ChildProcess {
  return spawn("sh", ["-c", command], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
}

async function ran(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    new Promise<number | null>((resolve) => child.on("close", resolve)),
  ]);
  return { code, stdout, stderr };
}

/** A folder in which `npx astrocyte` and `sqlite3` are there, and nothing of this machine's user counts. */
async function shellFor(t: TestContext): Promise<Shell> {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-docs-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [bin, cwd] = [join(folder, "bin"), join(folder, "work")];
  await mkdir(bin);
  await mkdir(cwd);
  const sqlite = `const { DatabaseSync } = require("node:sqlite"); new DatabaseSync(process.argv[1]).exec(process.argv[2])`;
  const programs = {
    npx: `shift\nexec "${process.execPath}" "${join(ROOT, "src/cli/main.ts")}" "$@"`,
    sqlite3: `exec "${process.execPath}" -e '${sqlite}' "$@"`,
  };
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const { ASTROCYTE_DB: _db, ASTROCYTE_CONFIG: _config, ASTROCYTE_BANK: _bank, ...inherited } = process.env;
  return { cwd, env: { ...inherited, PATH: `${bin}${delimiter}${process.env["PATH"]}` } };
}

const withCommands = PAGES.filter((page) => /^npx astrocyte/m.test(read(page)));

for (const page of withCommands) {
  test(`${page}: commands end as the page says`, async (t) => {
    const shell = await shellFor(t);
    const commands = blocksOf("sh", [page])
      .filter(({ code }) => code.includes("npx astrocyte"))
      .flatMap(commandsOf);
    for (const command of commands) {
      if (/astrocyte (?:serve|start)\b/.test(command)) await serves(command, shell);
      else {
        const expected = Number(/# exits (\d+)/.exec(command)?.[1] ?? 0);
        const { code, stdout, stderr } = await ran(sh(command, shell));
        assert.equal(code, expected, `${command}\n${stdout}${stderr}`);
      }
    }
  });
}

/** It says where it serves, and stops well when it is told to. */
async function serves(command: string, shell: Shell): Promise<void> {
  await writeFile(join(shell.cwd, "astrocyte.yaml"), "store: { path: memory.db }\n");
  const child = sh(`exec ${command.replace(/--port \d+/, "--port 0")}`, shell);
  const done = new Promise<number | null>((resolve) => child.on("close", resolve));
  const said = await new Promise<string>((resolve) => child.stdout!.once("data", resolve));
  assert.match(String(said), /http:\/\/127\.0\.0\.1:\d+/);
  child.kill("SIGTERM");
  assert.equal(await done, 0, command);
}

test("scripts of the package that the pages name are there", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  for (const page of PAGES) {
    for (const [, name] of read(page).matchAll(/npm run ([\w:]+)/g))
      assert.ok(name! in scripts, `${page}: ${name}`);
  }
});

test("docs/http.md: requests are answered as the page says", async (t) => {
  const world = await makeGateway();
  t.after(() => world.destroy());
  const shell = await shellFor(t);
  Object.assign(shell.env, { URL: world.url, KEY: APP_KEY });
  const page = read("docs/http.md");
  const examples = [...page.matchAll(/```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?/gs)];
  assert.ok(examples.length > 10);
  for (const [, command, documented] of examples) {
    const { code, stdout, stderr } = await ran(sh(command!, shell));
    assert.equal(code, 0, `${command}\n${stderr}`);
    if (documented === undefined) continue;
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    assertShows(answer, JSON.parse(documented), command!);
    const { memory_id, session_id, session_token } = answer as Record<string, string>;
    Object.assign(shell.env, memory_id && { MEMORY: memory_id }, session_id && { SESSION: session_id });
    if (session_token) shell.env["TOKEN"] = session_token;
  }
});

/** What the page shows is there; a text that ends in … may go on, and a list may hold more. */
function assertShows(actual: unknown, shown: unknown, where: string): void {
  if (typeof shown === "string" && shown.endsWith("…")) {
    assert.ok(typeof actual === "string" && actual.startsWith(shown.slice(0, -1)), `${where}: ${actual}`);
  } else if (Array.isArray(shown) && shown.length > 0) {
    assert.ok(Array.isArray(actual), where);
    for (const [i, item] of shown.entries()) assertShows(actual[i], item, where);
  } else if (typeof shown === "object" && shown !== null && !Array.isArray(shown)) {
    for (const [key, value] of Object.entries(shown))
      assertShows((actual as Record<string, unknown>)?.[key], value, `${where} ${key}`);
  } else assert.deepEqual(actual, shown, where);
}

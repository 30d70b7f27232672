import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";

const MAIN = join(import.meta.dirname, "main.ts");

export type Ran = {
  code: number | null;
  stdout: string;
  stderr: string;
  json<T = Record<string, unknown>>(): T;
};

/** The real command, as a child process in a folder of its own, without what this machine's user has set. */
export async function makeCli(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-cli-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  function start(args: string[], env: Record<string, string> = {}) {
    const { ASTROCYTE_DB: _db, ASTROCYTE_CONFIG: _config, ASTROCYTE_BANK: _bank, ...inherited } = process.env;
    return spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { ...inherited, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  async function run(args: string[], input = "", env: Record<string, string> = {}): Promise<Ran> {
    const child = start(args, env);
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve) => child.on("close", resolve)),
    ]);
    return { code, stdout, stderr, json: () => JSON.parse(stdout) };
  }

  return { folder, run, start, file: (name: string) => join(folder, name) };
}
